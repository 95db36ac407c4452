// Command golaunch runs a program as several ranks that talk to each other.
//
//	golaunch -n 4 ./prog arguments
//	golaunch -n 4 ./examples/pi
//
// See golaunch help, and package launcher for what it promises.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/golaunch/golaunch/collective/tune"
	"github.com/golaunch/golaunch/launcher"
	"github.com/golaunch/golaunch/launcher/spawn"
)

func main() {
	spawn.KeeperMain()
	os.Exit(golaunch(os.Args[1:]))
}

// golaunch runs the command line and returns the exit code.
func golaunch(args []string) int {
	if len(args) > 0 {
		switch args[0] {
		case "help":
			launcher.Usage(os.Stdout)
			return 0
		case "info":
			launcher.Info(os.Stdout, func(ranks int, crowded bool) int {
				_, total := tune.BoardSize(ranks, tune.Cell(ranks, crowded))
				return total
			})
			if err := launcher.InfoDefaults(os.Stdout); err != nil {
				return fail(err)
			}
			return 0
		case "explain", "-explain", "--explain":
			return explainMain(args[1:], os.Stdout)
		case "run":
			args = args[1:]
		}
	}
	o, err := launcher.ParseArgs(args, launcher.LoadDefaults)
	if err == nil {
		var code int
		if code, err = launcher.Run(o); err == nil {
			return code
		}
	}
	if errors.As(err, new(launcher.HelpError)) {
		launcher.Usage(os.Stdout)
		return 0
	}
	return fail(err)
}

// fail says what went wrong and returns the exit code.
func fail(err error) int {
	fmt.Fprintf(os.Stderr, "golaunch: %v\n", err)
	var e *launcher.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 1
}
