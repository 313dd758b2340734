package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// publish takes records that are each ended by LF, and writes, with sumdb/tlog and sumdb/note alone, the directory that an export of the same records has to equal.
func publish(args []string) (any, error) {
	skey, directory := args[0], args[2]
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(args[1])
	if err != nil {
		return nil, err
	}
	records := bytes.Split(data, []byte("\n"))
	records = records[:len(records)-1]
	hashes, err := storeRecords(records)
	if err != nil {
		return nil, err
	}
	size := int64(len(records))
	for _, tile := range tlog.NewTiles(tileHeight, 0, size) {
		content, err := tlog.ReadTileData(tile, hashes)
		if err == nil {
			err = writeFile(directory, tilePath(tile), content)
		}
		if err == nil && tile.L == 0 {
			bundle, first := tile, int(tile.N<<tileHeight)
			bundle.L = -1
			err = writeFile(directory, tilePath(bundle), joinBundle(records[first:first+tile.W]))
		}
		if err != nil {
			return nil, err
		}
	}
	root, err := tlog.TreeHash(size, hashes)
	if err != nil {
		return nil, err
	}
	checkpoint, err := signNote(skey, fmt.Sprintf("%s\n%d\n%s\n", signer.Name(), size, root))
	if err != nil {
		return nil, err
	}
	return treeAnswer{size, root}, writeFile(directory, checkpointName, checkpoint)
}

func storeRecords(records [][]byte) (tlog.HashReader, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	for i, record := range records {
		added, err := tlog.StoredHashes(int64(i), record, reader)
		if err != nil {
			return nil, err
		}
		stored = append(stored, added...)
	}
	return reader, nil
}

func joinBundle(entries [][]byte) []byte {
	var bundle []byte
	for _, entry := range entries {
		bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(entry)))
		bundle = append(bundle, entry...)
	}
	return bundle
}

func writeFile(directory, name string, content []byte) error {
	path := filepath.Join(directory, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

type proofAnswer struct {
	Proof string `json:"proof"`
}

func prove(args []string) (any, error) {
	directory := args[0]
	index, err := parseNumber(args[1])
	if err != nil {
		return nil, err
	}
	checkpoint, tree, err := readTree(directory)
	if err != nil {
		return nil, err
	}
	path, err := tlog.ProveRecord(tree.N, index, tlog.TileHashReader(tree, directoryTiles(directory)))
	if err != nil {
		return nil, err
	}
	entry, err := readEntry(directory, tree.N, index)
	if err != nil {
		return nil, err
	}
	proven := receipt{extra: entry, index: index, path: path, checkpoint: checkpoint}
	return proofAnswer{string(formatReceipt(proven))}, nil
}

// grow gives the hashes alone, one a line: C2SP has no file format for them.
func grow(args []string) (any, error) {
	directory := args[0]
	oldSize, err := parseNumber(args[1])
	if err != nil {
		return nil, err
	}
	_, tree, err := readTree(directory)
	if err != nil {
		return nil, err
	}
	path, err := tlog.ProveTree(tree.N, oldSize, tlog.TileHashReader(tree, directoryTiles(directory)))
	if err != nil {
		return nil, err
	}
	lines := make([]string, len(path))
	for i, hash := range path {
		lines[i] = hash.String()
	}
	return proofAnswer{strings.Join(lines, "\n")}, nil
}

// readTree reads the checkpoint of a directory that we wrote, without checking its signature.
func readTree(directory string) ([]byte, tlog.Tree, error) {
	message, err := os.ReadFile(filepath.Join(directory, checkpointName))
	if err != nil {
		return nil, tlog.Tree{}, err
	}
	lines := strings.SplitN(string(message), "\n", 4)
	if len(lines) < 4 {
		return nil, tlog.Tree{}, fmt.Errorf("the checkpoint of %s has %d lines", directory, len(lines))
	}
	size, err := parseNumber(lines[1])
	if err != nil {
		return nil, tlog.Tree{}, err
	}
	root, err := parseHash(lines[2])
	return message, tlog.Tree{N: size, Hash: root}, err
}

func readEntry(directory string, size, index int64) ([]byte, error) {
	bundle := tlog.Tile{H: tileHeight, L: -1, N: index >> tileHeight}
	bundle.W = int(min(1<<tileHeight, size-bundle.N<<tileHeight))
	data, err := os.ReadFile(filepath.Join(directory, tilePath(bundle)))
	if err != nil {
		return nil, err
	}
	entries, err := splitBundle(data)
	if err != nil {
		return nil, err
	}
	offset := int(index - bundle.N<<tileHeight)
	if offset >= len(entries) {
		return nil, fmt.Errorf("%s has no entry %d", tilePath(bundle), index)
	}
	return entries[offset], nil
}
