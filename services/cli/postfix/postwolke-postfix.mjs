#!/usr/bin/env node
// Starts Postfix's commands with a Node that runs TypeScript, as postwolke.mjs does. A link to this file has the name of the command.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startQuickly } from '../quick-start.mjs'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const installed = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url))
const major = Number(process.versions.node.split('.')[0])
const called = basename(process.argv[1] ?? '')
const named = called.startsWith('postwolke-postfix') ? [] : [called]
const words = [...named, ...process.argv.slice(2)]

if (major >= 24) {
  process.argv = [process.argv[0], main, ...words]
  startQuickly(process.env)
  await import(main)
} else if (existsSync(installed)) {
  const child = spawn(installed, [main, ...words], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
} else {
  console.error(`postwolke needs Node 24 or later, this is ${process.versions.node}`)
  process.exitCode = 75
}
