// `npm run bench -- import [messages] [rounds]`: a Maildir brought here beside what Dovecot's own `doveadm import` takes for the same Maildir, in
// the same run and on the same disk; time, processor time, and memory of ours.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasDovecot, startDovecot } from '#test/support/dovecot.ts'
import { runCommand } from '#test/support/server-process.ts'
import { memory } from './process-usage.ts'
import { printTable, spread } from './table.ts'

const MESSAGES = 10_000
const BODY = 'a line of mail as people write them, of some seventy characters.\n'.repeat(55)
const NOBODY = 65_534
const user = 'ann@example.test'
const cli = fileURLToPath(new URL('../../services/cli/postwolke.mjs', import.meta.url))

export async function benchImport(messages = `${MESSAGES}`, rounds = '3'): Promise<void> {
  // On a disk, where what is durable has its price; and open to the user of Dovecot.
  const path = await mkdtemp(join(tmpdir(), 'postwolke-import-'))
  await using place = { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
  await chmod(path, 0o755)
  const maildir = join(place.path, 'source')
  const bytes = await writeSource(maildir, Number(messages))
  const ours: Took[] = []
  const theirs: Took[] = []
  for (let round = 0; round < Number(rounds); round++) {
    ours.push(await bringHere(maildir, join(place.path, `data${round}`)))
    if (hasDovecot()) theirs.push(await bringToDovecot(maildir, Number(messages)))
  }
  const count = Number(messages)
  console.log(`${count} messages of ${(bytes / count / 1_024).toFixed(1)} KiB:`)
  const row = (name: string, took: readonly Took[]) => [
    name,
    spread(took.map(({ seconds }) => count / seconds)),
    spread(took.map(({ cpuSeconds }) => (1_000_000 * cpuSeconds) / count)),
    spread(took.map(({ mebibytes }) => mebibytes)),
  ]
  printTable(
    ['', 'messages/s', 'CPU µs a message', 'peak MiB'],
    [
      row('postwolke import maildir', ours),
      ...(theirs.length ? [row('doveadm import', theirs)] : []),
    ],
  )
}

type Took = { readonly seconds: number; readonly cpuSeconds: number; readonly mebibytes: number }

async function writeSource(root: string, count: number): Promise<number> {
  for (const name of ['cur', 'new', 'tmp']) await mkdir(join(root, name), { recursive: true })
  const lines = [`3 V1600000000 N${count + 1} G00112233445566778899aabbccddeeff`]
  let bytes = 0
  for (let n = 0; n < count; n++) {
    const seconds = 1_500_000_000 + n
    const name = `${seconds}.M${n}P1.host`
    const text = `Return-Path: <a@b.example>\nDate: Fri, 14 Jul 2017 04:40:00 +0200\nFrom: Ann <ann${n}@example.org>\nTo: bob@example.org\nSubject: message ${n}\nMessage-ID: <${n}@example.org>\nMIME-Version: 1.0\nContent-Type: text/plain\n\n${BODY}`
    const path = join(root, 'cur', `${name}:2,S`)
    await writeFile(path, text)
    await utimes(path, seconds, seconds)
    lines.push(`${n + 1} :${name}`)
    bytes += text.length
  }
  await writeFile(join(root, 'dovecot-uidlist'), `${lines.join('\n')}\n`)
  return bytes
}

async function bringHere(maildir: string, data: string): Promise<Took> {
  await runCommand(data, ['domain', 'add', 'example.test'])
  const added = await runCommand(data, [
    'account',
    'add',
    user,
    '--quota',
    'unlimited',
    '--password-hash',
    '{PLAIN}secretword',
  ])
  if (added.code !== 0) throw new Error(added.stderr)
  const took = await timed(process.execPath, [
    ...[cli, 'import', 'maildir', maildir, '--account', user, '--data', data],
  ])
  await rm(data, { recursive: true })
  return took
}

async function bringToDovecot(maildir: string, messages: number): Promise<Took> {
  const path = await mkdtemp(join(tmpdir(), 'postwolke-import-'))
  await using place = { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
  await using dovecot = await startDovecot(place.path, [{ name: user, password: 'secretword' }])
  await giveAway(maildir)
  const conf = join(place.path, 'dovecot.conf')
  const took = await timed('doveadm', [
    ...['-c', conf, 'import', '-u', user, `maildir:${maildir}`, '', 'ALL'],
  ])
  const told = await dovecot.admin('mailbox', 'status', '-u', user, 'messages', 'INBOX')
  if (!told.includes(`messages=${messages}`)) throw new Error(`${told}${await dovecot.log()}`)
  return took
}

/** Its user must be able to read it. */
async function giveAway(path: string): Promise<void> {
  await chown(path, NOBODY, NOBODY)
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    await chown(join(entry.parentPath, entry.name), NOBODY, NOBODY)
  }
}

/** By the shell, which waits for it: what a process used is gone from /proc when it has ended. */
async function timed(program: string, words: readonly string[]): Promise<Took> {
  const startMs = performance.now()
  const script = '"$@"; code=$?; times >&2; exit $code'
  const child = spawn('bash', ['-c', script, 'bash', program, ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let told = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text
  })
  let mebibytes = 0
  const watch = setInterval(() => {
    mebibytes = Math.max(mebibytes, ...childrenOf(child.pid ?? 0).map(peakOf))
  }, 50)
  const [code] = await once(child, 'close')
  clearInterval(watch)
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${told}`)
  const seconds = (performance.now() - startMs) / 1_000
  const last = told.trim().split('\n').at(-1) ?? ''
  const cpuSeconds = [...last.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest),
    0,
  )
  return { seconds, cpuSeconds, mebibytes }
}

function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return text === '' ? [] : text.split(' ').map(Number)
  } catch {
    return []
  }
}

function peakOf(pid: number): number {
  try {
    return memory(pid).peak
  } catch {
    return 0
  }
}
