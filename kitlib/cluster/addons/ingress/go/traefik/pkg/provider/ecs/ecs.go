// Package ecs stands in for Traefik's, which links the client libraries of Amazon's EC2, ECS and SSM: a fifth of
// all there is to compile. A local cluster has none of them.
package ecs

import (
	"errors"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/safe"
)

// Provider keeps the static configuration's field; it cannot be used.
type Provider struct{}

// SetDefaults has nothing to set.
func (p *Provider) SetDefaults() {}

// Init refuses.
func (p *Provider) Init() error { return errors.New("this build of Traefik has no ECS provider") }

// Provide is never reached.
func (p *Provider) Provide(chan<- dynamic.Message, *safe.Pool) error { return p.Init() }
