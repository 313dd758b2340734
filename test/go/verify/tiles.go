package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// What c2sp.org/tlog-tiles says: 256 hashes a tile, and the name of the checkpoint.
const (
	tileHeight     = 8
	checkpointName = "checkpoint"
)

// directoryTiles reads the tiles of a tlog-tiles directory for sumdb/tlog.
type directoryTiles string

func (d directoryTiles) Height() int { return tileHeight }

func (d directoryTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		var err error
		if data[i], err = os.ReadFile(filepath.Join(string(d), tilePath(tile))); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func (d directoryTiles) SaveTiles([]tlog.Tile, [][]byte) {}

// tilePath is where tlog-tiles has what sumdb has under a path that names the height, too.
func tilePath(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tile.H))
	return "tile/" + strings.Replace(path, "data/", "entries/", 1)
}

type treeAnswer struct {
	Size int64     `json:"size"`
	Root tlog.Hash `json:"root"`
}

// checkTiles checks a directory against its checkpoint: every leaf hash, authenticated by tlog.TileHashReader, is
// that of the entry; every tile that a tree of this size has is there, and holds what follows from the tiles below; and
// there is no file beside them but what a smaller tree left.
func checkTiles(args []string) (any, error) {
	vkey, directory := args[0], args[1]
	message, err := os.ReadFile(filepath.Join(directory, checkpointName))
	if err != nil {
		return nil, err
	}
	tree, err := openCheckpoint(vkey, message)
	if err != nil {
		return nil, err
	}
	hashes := tlog.TileHashReader(tree, directoryTiles(directory))
	expected := map[string]bool{checkpointName: true}
	for _, tile := range tlog.NewTiles(tileHeight, 0, tree.N) {
		expected[tilePath(tile)] = true
		if err := checkTile(tile, directory, hashes); err != nil {
			return nil, fmt.Errorf("%s: %w", tilePath(tile), err)
		}
		if tile.L > 0 {
			continue
		}
		bundle := tile
		bundle.L = -1
		expected[tilePath(bundle)] = true
		if err := checkBundle(bundle, directory, hashes); err != nil {
			return nil, fmt.Errorf("%s: %w", tilePath(bundle), err)
		}
	}
	if err := expectOnly(directory, expected); err != nil {
		return nil, err
	}
	return treeAnswer{tree.N, tree.Hash}, nil
}

func checkTile(tile tlog.Tile, directory string, hashes tlog.HashReader) error {
	expected, err := tlog.ReadTileData(tile, hashes)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(directory, tilePath(tile)))
	if err == nil && string(data) != string(expected) {
		err = fmt.Errorf("is not what the tree has there")
	}
	return err
}

func checkBundle(bundle tlog.Tile, directory string, hashes tlog.HashReader) error {
	data, err := os.ReadFile(filepath.Join(directory, tilePath(bundle)))
	if err != nil {
		return err
	}
	entries, err := splitBundle(data)
	if err != nil {
		return err
	}
	if len(entries) != bundle.W {
		return fmt.Errorf("has %d entries instead of %d", len(entries), bundle.W)
	}
	indexes := make([]int64, bundle.W)
	first := bundle.N << tileHeight
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
	}
	leaves, err := hashes.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for i, entry := range entries {
		if tlog.RecordHash(entry) != leaves[i] {
			return fmt.Errorf("entry %d is not the one that the tree has", first+int64(i))
		}
	}
	return nil
}

func splitBundle(data []byte) ([][]byte, error) {
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("entry %d is cut off", len(entries))
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	return entries, nil
}

// expectOnly finds files that do not belong to the tree. A partial tile may have been left by a smaller tree: then it is
// the beginning of what now stands in its place.
func expectOnly(directory string, expected map[string]bool) error {
	return filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(directory, path)
		if err != nil || expected[filepath.ToSlash(name)] {
			return err
		}
		if successor, ok := findSuccessor(filepath.ToSlash(name), expected); ok {
			return expectPrefix(path, filepath.Join(directory, successor))
		}
		return fmt.Errorf("%s does not belong to a tree of this size", name)
	})
}

// findSuccessor finds the tile that stands where a partial one stood.
func findSuccessor(name string, expected map[string]bool) (string, bool) {
	place, width, found := strings.Cut(name, ".p/")
	was, err := strconv.Atoi(width)
	if !found || err != nil {
		return "", false
	}
	if expected[place] {
		return place, true
	}
	for is := was + 1; is < 1<<tileHeight; is++ {
		if grown := fmt.Sprintf("%s.p/%d", place, is); expected[grown] {
			return grown, true
		}
	}
	return "", false
}

func expectPrefix(path, of string) error {
	was, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	is, err := os.ReadFile(of)
	if err == nil && !bytes.HasPrefix(is, was) {
		err = fmt.Errorf("%s is not the beginning of %s", path, of)
	}
	return err
}
