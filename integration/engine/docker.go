package engine

import (
	"context"
	"fmt"
	"os/exec"
	"time"
)

const (
	dockerImage   = "amazon/dynamodb-local"
	daemonTimeout = 5 * time.Second
)

// fromDocker runs DynamoDB Local in a container, if there is a daemon that answers. The image is pulled here, as far as it
// isn't there, so that the time a start may take is not spent on it.
func fromDocker(ctx context.Context) (plan, error) {
	ask, cancel := context.WithTimeout(ctx, daemonTimeout)
	defer cancel()
	if out, err := exec.CommandContext(ask, "docker", "version", "--format", "{{.Server.Version}}").CombinedOutput(); err != nil {
		return plan{}, fmt.Errorf("docker: %w\n%s", err, out)
	}
	if exec.CommandContext(ctx, "docker", "image", "inspect", dockerImage).Run() != nil {
		pull, cancel := context.WithTimeout(ctx, installTimeout)
		defer cancel()
		if out, err := exec.CommandContext(pull, "docker", "pull", "--quiet", dockerImage).CombinedOutput(); err != nil {
			return plan{}, fmt.Errorf("docker: pull %s: %w\n%s", dockerImage, err, out)
		}
	}
	return plan{source: "docker", command: dockerCommand}, nil
}

// dockerCommand publishes the engine on the loopback interface only. The container goes when the command is terminated:
// docker hands the signal on, and --rm removes what is left.
func dockerCommand(port int) []string {
	run := []string{"docker", "run", "--rm", "--publish", fmt.Sprintf("127.0.0.1:%d:8000", port), dockerImage}
	return append(run, engineArgs()...)
}
