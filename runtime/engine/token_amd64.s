//go:build linux && !race

#include "textflag.h"

// func enter(t *token) bool
//
// The favourite's way in: no locked instruction. See token.go.
TEXT ·enter(SB), NOSPLIT, $0-9
	MOVQ t+0(FP), DI
	MOVQ (TLS), CX
	MOVQ 0(DI), AX          // owner
	MOVQ AX, DX
	SHRQ $48, DX            // its slot
	MOVQ AX, BX
	SHLQ $16, BX
	SHRQ $16, BX            // its goroutine
	CMPQ BX, CX
	JNE  no
	MOVL $1, 16(DI)(DX*4)   // slots
	MOVL 8(DI), BX          // revoke, then owner again
	TESTL BX, BX
	JNE  out
	CMPQ AX, 0(DI)
	JNE  out
	MOVB $1, ret+8(FP)
	RET
out:
	MOVL $0, 16(DI)(DX*4)
no:
	MOVB $0, ret+8(FP)
	RET

// func self() uintptr
TEXT ·self(SB), NOSPLIT, $0-8
	MOVQ (TLS), AX
	MOVQ AX, ret+0(FP)
	RET
