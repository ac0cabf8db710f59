package deploy_test

import (
	"fmt"
	"io/fs"

	"github.com/dynasession/dynasession/deploy"
)

func ExampleFiles() {
	_ = fs.WalkDir(deploy.Files(), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			fmt.Println(path)
		}
		return err
	})
	// Output:
	// cloudformation.yaml
	// policies/deployment.json
	// policies/key.json
	// policies/operator.json
	// policies/service.json
	// policies/subjects.json
	// terraform/alarms.tf
	// terraform/main.tf
	// terraform/outputs.tf
	// terraform/policies.tf
	// terraform/variables.tf
	// terraform/versions.tf
}
