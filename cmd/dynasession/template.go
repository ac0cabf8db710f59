package main

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dynasession/dynasession/deploy"
	"github.com/dynasession/dynasession/dynamo"
)

// roles are the roles for which package deploy has a policy.
var roles = []string{"service", "subjects", "operator", "deployment", "key"}

func (c *cli) templateFlags() {
	c.set.StringVar(&c.account, "account", "", "the `number` of the AWS account, for the ARN in a policy; default any")
}

// tableTemplate prints a template of package deploy with the table's name filled in.
func (c *cli) tableTemplate(_ context.Context, args []string) error {
	if (args[0] == "policy") != (len(args) == 2) {
		c.set.Usage()
		return errUsage
	}
	switch {
	case !regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`).MatchString(c.table):
		return exit(exitUsage, "-table must have 3 to 255 characters of a-z, A-Z, 0-9, _, . and -")
	case !regexp.MustCompile(`^[a-z0-9-]*$`).MatchString(c.region):
		return exit(exitUsage, "-region must be the name of a Region, such as eu-central-1")
	case !regexp.MustCompile(`^([0-9]{12})?$`).MatchString(c.account):
		return exit(exitUsage, "-account must have 12 digits")
	}
	var out string
	var err error
	switch args[0] {
	case "cloudformation":
		out, err = c.template("cloudformation.yaml", `    Default: "`+dynamo.DefaultTable+`"`, `    Default: "`+c.table+`"`)
	case "terraform":
		out, err = c.module()
	case "policy":
		out, err = c.policy(args[1])
	default:
		return exit(exitUsage, "KIND %q: must be cloudformation, terraform or policy", args[0])
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(c.out, out)
	return err
}

// template returns a file with the first old replaced by new. It fails if the file does not contain
// old.
func (c *cli) template(name, old, new string) (string, error) {
	file, err := deploy.Files().ReadFile(name)
	if err != nil {
		return "", err
	}
	if !strings.Contains(string(file), old) {
		return "", fmt.Errorf("%s has no %q", name, old)
	}
	return strings.Replace(string(file), old, new, 1), nil
}

// module returns the Terraform module as one file.
func (c *cli) module() (string, error) {
	names, err := fs.Glob(deploy.Files(), "terraform/*.tf")
	if err != nil {
		return "", err
	}
	// The order in which the files are best read.
	order := []string{"versions.tf", "variables.tf", "main.tf", "policies.tf", "alarms.tf", "outputs.tf"}
	slices.SortStableFunc(names, func(a, b string) int {
		return slices.Index(order, path.Base(a)) - slices.Index(order, path.Base(b))
	})
	var all []string
	for _, name := range names {
		old, new := "", ""
		if path.Base(name) == "variables.tf" {
			old, new = `default     = "`+dynamo.DefaultTable+`"`, `default     = "`+c.table+`"`
		}
		file, err := c.template(name, old, new)
		if err != nil {
			return "", err
		}
		all = append(all, file)
	}
	return strings.Join(all, "\n"), nil
}

func (c *cli) policy(role string) (string, error) {
	if !slices.Contains(roles, role) {
		return "", exit(exitUsage, "ROLE %q: must be one of %s", role, strings.Join(roles, ", "))
	}
	region, account := "*", "*"
	if c.region != "" {
		region = c.region
	}
	if c.account != "" {
		account = c.account
	}
	if role == "key" {
		return c.template("policies/key.json", "arn:aws:kms:*:*:", "arn:"+partition(c.region)+":kms:"+region+":"+account+":")
	}
	return c.template("policies/"+role+".json", "arn:aws:dynamodb:*:*:table/"+dynamo.DefaultTable,
		"arn:"+partition(c.region)+":dynamodb:"+region+":"+account+":table/"+c.table)
}

// partition returns the AWS partition of a Region.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}
