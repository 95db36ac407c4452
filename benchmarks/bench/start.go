package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// grace is how long a launcher has to end its ranks after it was told to.
const grace = 5 * time.Second

// start runs a command with nothing on its standard input and returns its standard output and how long it took from
// start to end. After the timeout it and everything it started is told to end, and killed if it doesn't.
func start(ctx context.Context, argv []string, timeout time.Duration) (out []byte, wall time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = grace
	ownGroup(cmd)
	begin := time.Now()
	err = cmd.Run()
	wall = time.Since(begin)
	if err == nil {
		return stdout.Bytes(), wall, nil
	}
	killGroup(cmd)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("no end after %v", timeout)
	}
	return nil, wall, fmt.Errorf("%s: %w%s", strings.Join(argv, " "), err, tail(stderr.String(), 12))
}

// tail is the last lines of what a program complained about, each on a line of its own.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	if len(all) > lines {
		all = append([]string{"..."}, all[len(all)-lines:]...)
	}
	if all[0] == "" {
		return ""
	}
	return "\n" + strings.Join(all, "\n")
}
