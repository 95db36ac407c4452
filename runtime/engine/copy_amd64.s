//go:build !race

#include "textflag.h"

// func storeAround(dst, src unsafe.Pointer, n uintptr)
//
// copy(dst[:n], src[:n]) with stores that do not read dst's lines into the
// cache first. n is a multiple of 128, dst is aligned to 32.
TEXT ·storeAround(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	SHRQ $7, CX
	JZ   done
loop:
	PREFETCHT0 512(SI)
	PREFETCHT0 576(SI)
	VMOVDQU 0(SI), Y0
	VMOVDQU 32(SI), Y1
	VMOVDQU 64(SI), Y2
	VMOVDQU 96(SI), Y3
	VMOVNTDQ Y0, 0(DI)
	VMOVNTDQ Y1, 32(DI)
	VMOVNTDQ Y2, 64(DI)
	VMOVNTDQ Y3, 96(DI)
	ADDQ $128, SI
	ADDQ $128, DI
	DECQ CX
	JNZ  loop
	SFENCE
	VZEROUPPER
done:
	RET
