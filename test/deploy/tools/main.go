// The programs that the proofs of deploy/ need, in one: Helm's engine, Kustomize, and the Kubernetes API server's own checks.
// One request on standard input, one answer on standard output, both JSON.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

type object = map[string]any

// answer has problems, or what was asked for.
type answer struct {
	Objects  []object `json:"objects,omitempty"`
	Notes    string   `json:"notes,omitempty"`
	Problems []string `json:"problems,omitempty"`
}

// on reads a request of the type that the command takes.
func on[Request any](command func(Request) answer) func([]byte) (answer, error) {
	return func(text []byte) (answer, error) {
		var request Request
		if err := json.Unmarshal(text, &request); err != nil {
			return answer{}, err
		}
		return command(request), nil
	}
}

var commands = map[string]func([]byte) (answer, error){
	"chart":     on(renderChart),
	"lint":      on(lintChart),
	"kustomize": on(buildKustomization),
	"validate":  on(validate),
	"update":    on(validateUpdate),
	"harden":    on(checkPodSecurity),
	"migrate":   on(migrate),
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 || commands[os.Args[1]] == nil {
		return fmt.Errorf("usage: deploy-tools chart|lint|kustomize|validate|update|harden|migrate <request.json")
	}
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	reply, err := commands[os.Args[1]](text)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(reply)
}
