// Package tap stands in for github.com/mndrix/tap-go, which Debian does not have: as much of it as
// prints what the validation programs of runtime-tools have to say.
package tap

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// T counts the tests of one program.
type T struct {
	count   int
	planned bool
	todo    string
}

// New returns a program's counter.
func New() *T {
	return &T{}
}

// Header prints the version, and the plan unless it is not known yet (0).
func (t *T) Header(tests int) {
	fmt.Println("TAP version 13")
	if tests > 0 {
		t.plan(tests)
	}
}

// AutoPlan prints the plan at the end.
func (t *T) AutoPlan() {
	if !t.planned {
		t.plan(t.count)
	}
}

func (t *T) plan(tests int) {
	fmt.Printf("1..%d\n", tests)
	t.planned = true
}

// Todo returns a counter whose next test may fail.
func (t *T) Todo() *T {
	t.todo = " # TODO"
	return t
}

// Ok prints the result of one test.
func (t *T) Ok(passed bool, description string) {
	word := "ok"
	if !passed {
		word = "not ok"
	}
	t.count++
	fmt.Printf("%s %d - %s%s\n", word, t.count, description, t.todo)
	t.todo = ""
}

// Pass is Ok with true.
func (t *T) Pass(description string) {
	t.Ok(true, description)
}

// Fail is Ok with false.
func (t *T) Fail(description string) {
	t.Ok(false, description)
}

// Skip prints that many tests as skipped.
func (t *T) Skip(tests int, reason string) {
	for i := 0; i < tests; i++ {
		t.count++
		fmt.Printf("ok %d # SKIP %s\n", t.count, reason)
	}
}

// Diagnostic prints a message as comments.
func (t *T) Diagnostic(message string) {
	fmt.Println("# " + strings.ReplaceAll(strings.TrimRight(message, "\n"), "\n", "\n# "))
}

// Diagnosticf is Diagnostic with a format.
func (t *T) Diagnosticf(format string, values ...interface{}) {
	t.Diagnostic(fmt.Sprintf(format, values...))
}

// YAML prints a value that belongs to the last test. JSON is YAML too.
func (t *T) YAML(value interface{}) error {
	text, err := json.MarshalIndent(value, "  ", "  ")
	if err != nil {
		fmt.Fprintf(os.Stderr, "no diagnostics: %v\n", err)
		return err
	}
	fmt.Printf("  ---\n  %s\n  ...\n", text)
	return nil
}
