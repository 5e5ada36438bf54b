// The bench provider of the kit (../provider.ts) again, written with pulumi-go-provider: the same resource with the
// same properties, which makes nothing. What is measured is what the frameworks cost.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/pulumi/pulumi-go-provider/infer"
)

// Size is how big an item is.
type Size string

// Values are the sizes there are.
func (Size) Values() []infer.EnumValue[Size] {
	return []infer.EnumValue[Size]{
		{Name: "small", Value: "small", Description: "Fits in a pocket."},
		{Name: "medium", Value: "medium", Description: "Fits on a table."},
		{Name: "large", Value: "large", Description: "Fits nowhere."},
	}
}

// Endpoint is where an item is reached.
type Endpoint struct {
	Host string `pulumi:"host"`
	Port int    `pulumi:"port"`
	Path string `pulumi:"path,optional"`
}

// ItemArgs are the twenty properties that users give.
type ItemArgs struct {
	Title    string            `pulumi:"title"`
	Text     string            `pulumi:"text"`
	Comment  *string           `pulumi:"comment,optional"`
	Zone     string            `pulumi:"zone" provider:"replaceOnChanges"`
	Owner    string            `pulumi:"owner"`
	Folder   string            `pulumi:"folder"`
	Count    int               `pulumi:"count"`
	Limit    int               `pulumi:"limit"`
	Retries  *int              `pulumi:"retries,optional"`
	Ratio    float64           `pulumi:"ratio"`
	Weight   float64           `pulumi:"weight"`
	Enabled  bool              `pulumi:"enabled"`
	Verbose  bool              `pulumi:"verbose"`
	Size     Size              `pulumi:"size"`
	Color    string            `pulumi:"color"`
	Password string            `pulumi:"password" provider:"secret"`
	Endpoint Endpoint          `pulumi:"endpoint"`
	Tags     map[string]string `pulumi:"tags"`
	Labels   []string          `pulumi:"labels"`
	Ports    []int             `pulumi:"ports"`
}

// Annotate gives the default of the one optional number.
func (a *ItemArgs) Annotate(annotator infer.Annotator) {
	annotator.SetDefault(&a.Retries, 3)
}

// ItemState is what the engine remembers.
type ItemState struct {
	ItemArgs
	Location string `pulumi:"location"`
	Revision int    `pulumi:"revision"`
}

// Item is a resource of which nothing is made.
type Item struct{}

// Create makes nothing.
func (*Item) Create(_ context.Context, request infer.CreateRequest[ItemArgs]) (infer.CreateResponse[ItemState], error) {
	state := ItemState{ItemArgs: request.Inputs}
	if !request.DryRun {
		state.Location, state.Revision = location(request.Inputs), 1
	}
	return infer.CreateResponse[ItemState]{ID: request.Name, Output: state}, nil
}

// Update changes nothing.
func (*Item) Update(
	_ context.Context, request infer.UpdateRequest[ItemArgs, ItemState],
) (infer.UpdateResponse[ItemState], error) {
	state := ItemState{ItemArgs: request.Inputs, Location: location(request.Inputs), Revision: request.State.Revision + 1}
	return infer.UpdateResponse[ItemState]{Output: state}, nil
}

func location(args ItemArgs) string {
	return fmt.Sprintf("bench://%s/%s", args.Zone, args.Title)
}

func main() {
	provider, err := infer.NewProviderBuilder().WithResources(infer.Resource(&Item{})).Build()
	if err == nil {
		err = provider.Run(context.Background(), "bench", "1.0.0")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
