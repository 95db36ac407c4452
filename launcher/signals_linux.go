package launcher

import (
	"os"
	"os/signal"
	"syscall"
)

// signalClasses says what golaunch does with which signal.
var signalClasses = map[syscall.Signal]signalClass{
	syscall.SIGINT:  signalEnd,
	syscall.SIGTERM: signalEnd,
	syscall.SIGHUP:  signalEnd,
	syscall.SIGQUIT: signalReport,
	syscall.SIGTSTP: signalStop,
	syscall.SIGCONT: signalCont,
	syscall.SIGUSR1: signalPass,
	syscall.SIGUSR2: signalPass,
}

// catchSignals posts the signals that golaunch gets from now on, until stop is called.
// A signal that was ignored when golaunch started (nohup, a background job of a script)
// stays ignored. SIGPIPE is caught so that a lost output comes as an error.
func catchSignals(post func(any)) (stop func()) {
	list := []os.Signal{syscall.SIGPIPE}
	for s := range signalClasses {
		if !signal.Ignored(s) {
			list = append(list, s)
		}
	}
	c := make(chan os.Signal, 16)
	signal.Notify(c, list...)
	go func() {
		for s := range c {
			if sig, ok := s.(syscall.Signal); ok && sig != syscall.SIGPIPE {
				post(evSignal{signalClasses[sig], sig, signalName(sig)})
			}
		}
	}()
	return func() { signal.Stop(c); close(c) }
}
