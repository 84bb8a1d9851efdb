#!/usr/bin/env node
// A file of its own, so that it is there when package managers link it, before anything is built.
import '../dist/cli.js'
