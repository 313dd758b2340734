package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// first is what the first process of a node does. Every process of the node ends with it; while it runs, it waits for
// those whose parents are gone, as their entries would stay in the process table.
func first() {
	orphans := make(chan os.Signal, 1)
	signal.Notify(orphans, syscall.SIGCHLD)
	for range orphans {
		for reapOne() {
		}
	}
}

// reapOne tells whether there may be more to wait for.
func reapOne() bool {
	pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	return pid > 0 || errors.Is(err, syscall.EINTR)
}
