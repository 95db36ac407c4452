//go:build !amd64 || purego

package kernel

func forms() map[string]table { return map[string]table{"twin": twins()} }
