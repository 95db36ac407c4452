//go:build !amd64 || purego

package kernel

func accelerate(*table) {}
