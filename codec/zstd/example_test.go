package zstd_test

import (
	"fmt"
	"strings"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/zstd"
)

func Example() {
	type Form struct {
		Step    string
		Answers map[string]string
	}
	c := codec.Compress(codec.JSON[Form]{}, zstd.New(), 0)

	small := Form{Step: "start"}
	large := Form{Step: "review", Answers: map[string]string{"remarks": strings.Repeat("The parquet in the hallway. ", 50)}}
	for _, f := range []Form{small, large} {
		p, err := c.Encode(f)
		if err != nil {
			fmt.Println(err)
			return
		}
		b, _ := p.Bytes()
		fmt.Println(p.Format(), len(b) < 200)
	}
	// Output:
	// json true
	// zstd+json true
}
