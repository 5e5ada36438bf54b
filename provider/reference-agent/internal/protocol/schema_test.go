package protocol_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/selfupdate"
	"pulumi-kace/reference-agent/internal/settings"
)

// What the server reads and writes, as `npm run generate` takes it from the server's own schemas.
const schemaFile = "../../../../schema/agent-messages.json"

type schema struct {
	Type       string            `json:"type"`
	Const      any               `json:"const"`
	Enum       []any             `json:"enum"`
	AnyOf      []schema          `json:"anyOf"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	Items      *schema           `json:"items"`
}

type wire struct {
	Protocol int               `json:"protocol"`
	Agent    map[string]schema `json:"agent"`
	Server   map[string]schema `json:"server"`
	Tasks    map[string]schema `json:"tasks"`
}

func readWire(t *testing.T) wire {
	t.Helper()
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var all wire
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSaysWhatTheServerReads(t *testing.T) {
	all := readWire(t)
	if all.Protocol != protocol.Version {
		t.Errorf("the server speaks protocol %d, this agent %d", all.Protocol, protocol.Version)
	}
	said := map[string]any{
		protocol.TypeHello:          protocol.Hello{},
		protocol.TypeTrust:          protocol.Trust{},
		protocol.TypeInventory:      protocol.Inventory{},
		protocol.TypeCheckIn:        protocol.CheckIn{},
		protocol.TypeMessageStatus:  protocol.MessageStatus{},
		protocol.TypeHeartbeat:      protocol.Heartbeat{},
		protocol.TypePackageRequest: protocol.PackageRequest{},
		protocol.TypeTaskStatus:     protocol.TaskStatus{},
		protocol.TypeScripts:        protocol.Scripts{},
	}
	for name, message := range all.Agent {
		one, isSaid := said[name]
		if !isSaid {
			t.Errorf("the server reads messages of the type %q, which this agent never says", name)
			continue
		}
		fields := fieldsOf(reflect.TypeOf(one))
		compare(t, name, message, fields)
		for property, field := range fields {
			if _, isRead := message.Properties[property]; !isRead {
				t.Errorf("%s: the server does not read %q", name, property)
			}
			if slices.Contains(message.Required, property) && field.omitted {
				t.Errorf("%s: the server needs %q, which this agent leaves out where it is empty", name, property)
			}
		}
		delete(said, name)
	}
	for name := range said {
		t.Errorf("this agent says messages of the type %q, which the server does not read", name)
	}
}

func TestReadsWhatTheServerSays(t *testing.T) {
	all := readWire(t)
	// What the agent has no use for.
	unread := map[string][]string{protocol.TypeWelcome: {"organization"}}
	incoming := fieldsOf(reflect.TypeOf(protocol.Incoming{}))
	for name, message := range all.Server {
		for _, property := range unread[name] {
			delete(message.Properties, property)
		}
		compare(t, name, message, incoming)
	}
	for _, name := range []string{
		protocol.TypeChallenge, protocol.TypeWelcome, protocol.TypeRefused, protocol.TypeState, protocol.TypeCheckIn,
		protocol.TypeSettings, protocol.TypeInventoryReceived, protocol.TypeHeartbeat, protocol.TypeMessage,
		protocol.TypeAuthorities, protocol.TypeTask, protocol.TypeTaskCancel, protocol.TypeTaskStatusReceived,
		protocol.TypePackagePart, protocol.TypePackageRefused,
	} {
		if _, isSaid := all.Server[name]; !isSaid {
			t.Errorf("this agent reads messages of the type %q, which the server never says", name)
		}
	}
	compare(t, "settings", all.Server[protocol.TypeSettings].Properties["settings"], fieldsOf(reflect.TypeOf(settings.Settings{})))
	compare(t, "self-update", all.Tasks["self-update"], fieldsOf(reflect.TypeOf(selfupdate.Order{})))
}

// compare holds every property of a schema against the field of its name.
func compare(t *testing.T, where string, message schema, fields map[string]field) {
	t.Helper()
	if len(message.Properties) == 0 {
		t.Errorf("%s: the schema has no properties", where)
	}
	for property, wanted := range message.Properties {
		one, isThere := fields[property]
		if !isThere {
			t.Errorf("%s: this agent does not have %q", where, property)
			continue
		}
		compareKinds(t, where+"."+property, wanted, one.kind)
	}
}

func compareKinds(t *testing.T, where string, wanted schema, kind reflect.Type) {
	t.Helper()
	for kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	raw, bytes := reflect.TypeFor[json.RawMessage](), reflect.TypeFor[[]byte]()
	if kind == raw {
		return
	}
	has := ""
	switch {
	case kind == bytes || kind.Kind() == reflect.String:
		has = "string"
	case kind.Kind() == reflect.Bool:
		has = "boolean"
	case kind.Kind() == reflect.Slice:
		has = "array"
	case kind.Kind() == reflect.Struct:
		has = "object"
	case kind.Kind() == reflect.Float64:
		has = "number"
	case kind.ConvertibleTo(reflect.TypeFor[int64]()):
		has = "integer"
	}
	for _, word := range typesOf(wanted) {
		if word != has && !(word == "integer" && has == "number") && !(word == "number" && has == "integer" && strings.HasSuffix(where, "uptimeSeconds")) {
			t.Errorf("%s: the server has %s, this agent %s", where, word, has)
		}
	}
	if has == "object" {
		compare(t, where, wanted, fieldsOf(kind))
	}
	if has == "array" && wanted.Items != nil {
		compareKinds(t, where+"[]", *wanted.Items, kind.Elem())
	}
}

func typesOf(one schema) []string {
	switch {
	case len(one.AnyOf) > 0:
		var all []string
		for _, alternative := range one.AnyOf {
			all = append(all, typesOf(alternative)...)
		}
		return all
	case one.Type != "":
		return []string{one.Type}
	default:
		values := one.Enum
		if one.Const != nil {
			values = []any{one.Const}
		}
		var all []string
		for _, value := range values {
			all = append(all, map[string]string{"string": "string", "float64": "number", "bool": "boolean"}[fmt.Sprintf("%T", value)])
		}
		return all
	}
}

type field struct {
	kind    reflect.Type
	omitted bool
}

// fieldsOf are the fields of a struct by their names in JSON, with those of structs that are embedded in it.
func fieldsOf(one reflect.Type) map[string]field {
	fields := map[string]field{}
	for index := range one.NumField() {
		member := one.Field(index)
		if member.Anonymous {
			for name, inner := range fieldsOf(member.Type) {
				fields[name] = inner
			}
			continue
		}
		name, options, _ := strings.Cut(member.Tag.Get("json"), ",")
		fields[name] = field{kind: member.Type, omitted: strings.Contains(options, "omitempty")}
	}
	return fields
}
