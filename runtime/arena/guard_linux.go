package arena

import "golang.org/x/sys/unix"

// canProtect says whether our pages are the system's, or some of them.
func canProtect() bool { return PageSize%unix.Getpagesize() == 0 }

// protect allows or forbids all access to whole pages.
func protect(b []byte, access bool) error {
	if len(b) == 0 {
		return nil
	}
	prot := unix.PROT_NONE
	if access {
		prot = unix.PROT_READ | unix.PROT_WRITE
	}
	return unix.Mprotect(b, prot)
}
