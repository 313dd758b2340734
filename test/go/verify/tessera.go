package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"
)

// fsckWorkers is how many resources fsck compares at a time, and statusInterval how often we look how it fares.
const (
	fsckWorkers    = 4
	statusInterval = 20 * time.Millisecond
)

// init keeps what fsck tells of its progress off stderr; its errors still go there.
func init() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
}

// checkWithTessera serves a directory over HTTP on loopback, as a web server would, and lets Tessera's fsck read it.
func checkWithTessera(args []string) (any, error) {
	verifier, err := note.NewVerifier(args[0])
	if err != nil {
		return nil, fmt.Errorf("the key %q: %w", args[0], err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := http.Server{Handler: http.FileServer(http.Dir(args[1]))}
	go server.Serve(listener)
	defer server.Close()

	base := url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/"}
	fetcher, err := client.NewHTTPFetcher(&base, &http.Client{Timeout: time.Minute})
	if err != nil {
		return nil, err
	}
	check := fsck.New(verifier.Name(), verifier, fetcher, hashEntries, fsck.Opts{N: fsckWorkers})
	if err := finishCheck(check); err != nil {
		return nil, shorten(err)
	}
	message, err := fetcher.ReadCheckpoint(context.Background())
	if err != nil {
		return nil, err
	}
	tree, err := openCheckpoint(args[0], message)
	return treeAnswer{tree.N, tree.Hash}, err
}

// finishCheck waits for the verdict. Each of fsck's workers ends at its first bad resource, and with all of them ended
// Check never returns (v1.0.4), so a bad resource in its status is a verdict, too.
func finishCheck(check *fsck.Fsck) error {
	verdict := make(chan error, 1)
	go func() {
		defer func() {
			if cause := recover(); cause != nil {
				verdict <- fmt.Errorf("fsck panicked: %v", cause)
			}
		}()
		verdict <- check.Check(context.Background())
	}()
	poll := time.NewTicker(statusInterval)
	defer poll.Stop()
	for bad := false; ; {
		select {
		case err := <-verdict:
			return err
		case <-poll.C:
			if bad {
				return errors.New("fsck found a bad resource: " + strings.ReplaceAll(check.Status().String(), "\n", "; "))
			}
			bad = hasBadResource(check.Status())
		}
	}
}

func hasBadResource(status fsck.Status) bool {
	for _, level := range status.TileRanges {
		for _, tiles := range level {
			if tiles.State == fsck.Invalid || tiles.State == fsck.FetchError {
				return true
			}
		}
	}
	return false
}

// shorten leaves out the tiles in hex, which fsck shows for a wrong one.
func shorten(err error) error {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(line)
}

// hashEntries is how fsck's own command reads a bundle.
func hashEntries(bundle []byte) ([][]byte, error) {
	var entries api.EntryBundle
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, 0, len(entries.Entries))
	for _, entry := range entries.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}
