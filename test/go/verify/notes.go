package main

import (
	"crypto/rand"
	"fmt"
	"os"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type noteAnswer struct {
	Text string `json:"text"`
	// Verified holds the names of the keys whose signatures hold; Unverified counts those of unknown keys.
	Verified   []string `json:"verified"`
	Unverified int      `json:"unverified"`
}

func openNoteFile(args []string) (any, error) {
	message, err := os.ReadFile(args[1])
	if err != nil {
		return nil, err
	}
	opened, err := openNote(args[0], message)
	if err != nil {
		return nil, err
	}
	answer := noteAnswer{Text: opened.Text, Unverified: len(opened.UnverifiedSigs)}
	for _, signature := range opened.Sigs {
		answer.Verified = append(answer.Verified, signature.Name)
	}
	return answer, nil
}

func openNote(vkey string, message []byte) (*note.Note, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("the key %q: %w", vkey, err)
	}
	return note.Open(message, note.VerifierList(verifier))
}

// openCheckpoint opens a note and reads the checkpoint in it, whose origin has to be the name of the key.
func openCheckpoint(vkey string, message []byte) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("the key %q: %w", vkey, err)
	}
	checkpoint, _, _, err := log.ParseCheckpoint(message, verifier.Name(), verifier)
	if err != nil {
		return tlog.Tree{}, err
	}
	tree := tlog.Tree{N: int64(checkpoint.Size)}
	if len(checkpoint.Hash) != tlog.HashSize || tree.N < 0 {
		return tlog.Tree{}, fmt.Errorf("a checkpoint of %d entries and a root of %d bytes", checkpoint.Size, len(checkpoint.Hash))
	}
	copy(tree.Hash[:], checkpoint.Hash)
	return tree, nil
}

type keyAnswer struct {
	Signer   string `json:"signer"`
	Verifier string `json:"verifier"`
}

func generateKey(args []string) (any, error) {
	signer, verifier, err := note.GenerateKey(rand.Reader, args[0])
	return keyAnswer{signer, verifier}, err
}

type signedAnswer struct {
	Note string `json:"note"`
}

func signFile(args []string) (any, error) {
	text, err := os.ReadFile(args[1])
	if err != nil {
		return nil, err
	}
	signed, err := signNote(args[0], string(text))
	return signedAnswer{string(signed)}, err
}

func signNote(skey, text string) ([]byte, error) {
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: text}, signer)
}
