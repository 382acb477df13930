#!/usr/bin/env node
// Starts the command with a Node that runs TypeScript: this one when it is new enough, else the one that npm installed
// beside the other packages.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { startQuickly } from './quick-start.mjs'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const installed = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url))
const major = Number(process.versions.node.split('.')[0])

if (major >= 24) {
  startQuickly(process.env)
  await import(main)
} else if (existsSync(installed)) {
  const child = spawn(installed, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
} else {
  console.error(`postwolke needs Node 24 or later, this is ${process.versions.node}`)
  process.exitCode = 1
}
