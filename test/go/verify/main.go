// Verify checks what Rynxs signs and exports with code that others wrote: Go's sumdb/note and sumdb/tlog, which guard
// every Go module, and Tessera's fsck. It holds no cryptography of its own and decides nothing itself.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

const usage = `verify checks a Rynxs log with Go's sumdb/note and sumdb/tlog, and with Tessera's fsck.

  verify note VKEY FILE                    open a signed note
  verify receipt VKEY FILE [RECORDFILE]    check a tlog-proof; without RECORDFILE, of the record that it carries
  verify consistency VKEY FILE [OLDFILE]   check that a log only grew, since the checkpoint in OLDFILE if one is given
  verify tiles VKEY DIR                    check a tlog-tiles directory, every hash and entry, with sumdb/tlog
  verify tessera VKEY DIR                  check a tlog-tiles directory with Tessera's fsck, over HTTP

  verify generate NAME                     make a key
  verify sign SKEY FILE                    sign a text: the signed note
  verify publish SKEY RECORDS DIR          write a tlog-tiles directory of a file of lines
  verify prove DIR INDEX                   write the receipt of an entry of such a directory
  verify grow DIR OLDSIZE                  write the hashes that show that the directory's tree extends a smaller one

  verify batch                             read commands, one JSON array of arguments a line, and answer each by a line

The answer is JSON. Exit codes: 0 verified, 1 refused, 2 wrong usage.
`

// errUsage is a call that names no command, or gives it the wrong arguments.
var errUsage = errors.New("wrong usage")

// A command answers with what it verified, or with the error that made it refuse.
type command struct {
	minArgs, maxArgs int
	run              func(args []string) (any, error)
}

var commands = map[string]command{
	"note":        {2, 2, openNoteFile},
	"receipt":     {2, 3, checkReceipt},
	"consistency": {2, 3, checkConsistency},
	"tiles":       {2, 2, checkTiles},
	"tessera":     {2, 2, checkWithTessera},
	"generate":    {1, 1, generateKey},
	"sign":        {2, 2, signFile},
	"publish":     {3, 3, publish},
	"prove":       {2, 2, prove},
	"grow":        {2, 2, grow},
}

func main() {
	args := os.Args[1:]
	if slices.Equal(args, []string{"batch"}) {
		if err := batch(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	answer, err := execute(args)
	if errors.Is(err, errUsage) {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(answer)
}

// execute runs one command. A verifier that panics has refused its input.
func execute(args []string) (answer any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			answer, err = nil, fmt.Errorf("the verifier panicked: %v", cause)
		}
	}()
	if len(args) == 0 {
		return nil, errUsage
	}
	c, ok := commands[args[0]]
	if rest := args[1:]; ok && len(rest) >= c.minArgs && len(rest) <= c.maxArgs {
		return c.run(rest)
	}
	return nil, errUsage
}

type batchAnswer struct {
	Answer any    `json:"answer,omitempty"`
	Error  string `json:"error,omitempty"`
	Usage  bool   `json:"usage,omitempty"`
}

// batch serves a caller with many questions, who would otherwise spend the time on starting processes.
func batch(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	answers := json.NewEncoder(out)
	for lines.Scan() {
		var args []string
		if err := json.Unmarshal(lines.Bytes(), &args); err != nil {
			return fmt.Errorf("a line is not a JSON array of strings: %w", err)
		}
		answer, err := execute(args)
		result := batchAnswer{Answer: answer, Usage: errors.Is(err, errUsage)}
		if err != nil {
			result.Error = strings.ToValidUTF8(err.Error(), "?")
		}
		if err := answers.Encode(result); err != nil {
			return err
		}
	}
	return lines.Err()
}
