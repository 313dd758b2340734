package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	receiptHeader     = "c2sp.org/tlog-proof@v1"
	consistencyHeader = "rynxs.log/consistency@v1"
)

// A receipt is a proof in the format of c2sp.org/tlog-proof.
type receipt struct {
	extra      []byte
	index      int64
	path       tlog.RecordProof
	checkpoint []byte
}

type receiptAnswer struct {
	Index int64 `json:"index"`
	Size  int64 `json:"size"`
	// Record is what the log is shown to hold at Index.
	Record string `json:"record"`
}

func checkReceipt(args []string) (any, error) {
	message, err := os.ReadFile(args[1])
	if err != nil {
		return nil, err
	}
	read, err := parseReceipt(message)
	if err != nil {
		return nil, err
	}
	record := read.extra
	if len(args) == 3 {
		if record, err = os.ReadFile(args[2]); err != nil {
			return nil, err
		}
	} else if record == nil {
		return nil, errors.New("the receipt does not carry the record: give it as RECORDFILE")
	}
	if err := expectSameReading(read, message); err != nil {
		return nil, err
	}
	tree, err := openCheckpoint(args[0], read.checkpoint)
	if err != nil {
		return nil, err
	}
	if err := tlog.CheckRecord(read.path, tree.N, tree.Hash, read.index, tlog.RecordHash(record)); err != nil {
		return nil, err
	}
	return receiptAnswer{read.index, tree.N, string(record)}, nil
}

func parseReceipt(message []byte) (receipt, error) {
	head, checkpoint, found := bytes.Cut(message, []byte("\n\n"))
	if !found {
		return receipt{}, errors.New("a receipt without the empty line before its checkpoint")
	}
	read := receipt{checkpoint: checkpoint}
	lines := strings.Split(string(head), "\n")
	if lines[0] != receiptHeader {
		return receipt{}, fmt.Errorf("a receipt begins with %q, this with %q", receiptHeader, lines[0])
	}
	lines = lines[1:]
	var err error
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		if read.extra, err = decodeBase64(lines[0][len("extra "):]); err != nil {
			return receipt{}, fmt.Errorf("the extra data: %w", err)
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return receipt{}, errors.New("a receipt without an index")
	}
	if read.index, err = parseNumber(lines[0][len("index "):]); err != nil {
		return receipt{}, fmt.Errorf("the index: %w", err)
	}
	read.path, err = parseHashes(lines[1:])
	return read, err
}

// expectSameReading has transparency-dev/formats read the receipt, too. It allows more spellings than we do, so it is not
// enough alone; and it reads no line of 64 KiB, so it is not asked about the receipts of records above 48 KiB.
func expectSameReading(read receipt, message []byte) error {
	if base64.StdEncoding.EncodedLen(len(read.extra)) > bufio.MaxScanTokenSize-len("extra \n") {
		return nil
	}
	var theirs proof.TLogProof
	if err := theirs.Unmarshal(message); err != nil {
		return err
	}
	if !bytes.Equal(theirs.Marshal(), formatReceipt(read)) {
		return errors.New("transparency-dev/formats reads the receipt in another way")
	}
	return nil
}

func formatReceipt(of receipt) []byte {
	written := proof.TLogProof{Index: uint64(of.index), ExtraData: of.extra, Checkpoint: of.checkpoint}
	for _, hash := range of.path {
		written.Hashes = append(written.Hashes, hash)
	}
	return written.Marshal()
}

type consistencyAnswer struct {
	Old treeAnswer `json:"old"`
	New treeAnswer `json:"new"`
}

// checkConsistency reads the format of Rynxs, since C2SP has none: a header, `old SIZE ROOT`, the hashes, an empty line,
// and the newer checkpoint. With the older checkpoint, that is the one which the proof has to begin with.
func checkConsistency(args []string) (any, error) {
	message, err := os.ReadFile(args[1])
	if err != nil {
		return nil, err
	}
	head, checkpoint, found := bytes.Cut(message, []byte("\n\n"))
	if !found {
		return nil, errors.New("a consistency proof without the empty line before its checkpoint")
	}
	lines := strings.Split(string(head), "\n")
	if lines[0] != consistencyHeader || len(lines) < 2 {
		return nil, fmt.Errorf("a consistency proof begins with %q, this with %q", consistencyHeader, lines[0])
	}
	old, err := parseOldTree(lines[1])
	if err != nil {
		return nil, err
	}
	path, err := parseHashes(lines[2:])
	if err != nil {
		return nil, err
	}
	grown, err := openCheckpoint(args[0], checkpoint)
	if err != nil {
		return nil, err
	}
	if len(args) == 3 {
		if err := expectCheckpoint(args[0], args[2], old); err != nil {
			return nil, err
		}
	}
	if err := tlog.CheckTree(path, grown.N, grown.Hash, old.N, old.Hash); err != nil {
		return nil, err
	}
	return consistencyAnswer{treeAnswer{old.N, old.Hash}, treeAnswer{grown.N, grown.Hash}}, nil
}

func parseOldTree(line string) (tlog.Tree, error) {
	words := strings.Split(line, " ")
	if len(words) != 3 || words[0] != "old" {
		return tlog.Tree{}, fmt.Errorf("%q is not `old SIZE ROOT`", line)
	}
	size, err := parseNumber(words[1])
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := parseHash(words[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func expectCheckpoint(vkey, file string, expected tlog.Tree) error {
	message, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(vkey, message)
	if err == nil && tree != expected {
		err = fmt.Errorf("the proof begins with %d entries of root %v, the checkpoint has %d of %v", expected.N, expected.Hash, tree.N, tree.Hash)
	}
	return err
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, 0, len(lines))
	for _, line := range lines {
		hash, err := parseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// parseHash demands the one spelling of a hash, which tlog.ParseHash does not.
func parseHash(text string) (tlog.Hash, error) {
	hash, err := tlog.ParseHash(text)
	if err == nil && hash.String() != text {
		err = fmt.Errorf("%q is not how the hash is written", text)
	}
	return hash, err
}

// decodeBase64 demands the one spelling of the bytes.
func decodeBase64(text string) ([]byte, error) {
	decoded, err := base64.StdEncoding.Strict().DecodeString(text)
	if err == nil && base64.StdEncoding.EncodeToString(decoded) != text {
		err = errors.New("a line break within base64")
	}
	return decoded, err
}

// parseNumber demands the one spelling of a number that is not negative.
func parseNumber(text string) (int64, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err == nil && (number < 0 || strconv.FormatInt(number, 10) != text) {
		err = fmt.Errorf("%q is not how a number is written", text)
	}
	return number, err
}
