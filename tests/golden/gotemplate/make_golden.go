// Writes the golden vectors of the Go template engine with Go's own text/template.
//
// Usage: go run make_golden.go     (writes vectors.json beside it, in the current folder)
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"text/template"
	"time"
)

type vector struct {
	Template string          `json:"template"`
	Data     json.RawMessage `json:"data"`
	Text     *string         `json:"text,omitempty"`
	Error    string          `json:"error,omitempty"`
	Line     int             `json:"line,omitempty"`
}

var now = time.Date(2025, 3, 1, 4, 5, 6, 0, time.UTC)

var functions = template.FuncMap{
	"json": func(v any) string {
		b, _ := json.Marshal(v)
		return string(b)
	},
	"currentDate":      func(args ...string) string { return now.Format("2006-01-02") },
	"yesterdayDate":    func(args ...string) string { return now.AddDate(0, 0, -1).Format("2006-01-02") },
	"toTypeScriptType": func(v any) string { return "any" },
}

// plain turns whole numbers into ints, which encoding/json does not do by itself.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := strconv.Atoi(string(v)); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}

func decode(raw string) any {
	decoder := json.NewDecoder(bytes.NewReader([]byte(raw)))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		panic(raw + ": " + err.Error())
	}
	return plain(v)
}

var place = regexp.MustCompile(`template: [^:]*:(\d+)`)

func line(err error) int {
	if m := place.FindStringSubmatch(err.Error()); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}

func run(source, data string) vector {
	v := vector{Template: source, Data: json.RawMessage(data)}
	parsed, err := template.New("t").Option("missingkey=zero").Funcs(functions).Parse(source)
	if err != nil {
		v.Error, v.Line = "parse", line(err)
		return v
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, decode(data)); err != nil {
		v.Error, v.Line = "exec", line(err)
		return v
	}
	text := out.String()
	v.Text = &text
	return v
}

func main() {
	var vectors []vector
	for _, group := range cases {
		for _, source := range group.templates {
			vectors = append(vectors, run(source, group.data))
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "")
	if err := encoder.Encode(vectors); err != nil {
		panic(err)
	}
	if err := os.WriteFile("vectors.json", out.Bytes(), 0o644); err != nil {
		panic(err)
	}
	errors := 0
	for _, v := range vectors {
		if v.Error != "" {
			errors++
		}
	}
	fmt.Printf("%d vectors, %d errors\n", len(vectors), errors)
}
