// What Debian's Pigeonhole makes of scripts: `sieve-test` over many of them, in few shells.

import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runProgram } from './program.ts'

export type PigeonholeCase = { readonly script: string; readonly message: string }

/** As test/support/sieve.ts tells an outcome; a message kept is in INBOX. `error` at run time, `refused` where it does not compile. */
export async function pigeonholeOutcomes(
  folder: string,
  cases: readonly PigeonholeCase[],
): Promise<readonly (readonly string[])[]> {
  const root = process.getuid?.() === 0
  const user = root ? NOBODY : (process.getuid?.() ?? NOBODY)
  const settings = [
    `mail_uid = ${user}`,
    `mail_gid = ${root ? NOBODY : (process.getgid?.() ?? NOBODY)}`,
    `mail_location = maildir:${folder}/mail`,
    `mail_home = ${folder}`,
    'ssl = no',
    'log_path = /dev/stderr',
    // Those that it has and does not offer by itself.
    'plugin {',
    '  sieve_extensions = +editheader +mime +foreverypart +extracttext',
    '}',
  ]
  await writeFile(join(folder, 'dovecot.conf'), `${settings.join('\n')}\n`)
  await mkdir(join(folder, 'cases'))
  // To be read by whoever it runs as.
  await chmod(folder, 0o755)
  for (const [i, { script, message }] of cases.entries()) {
    await writeFile(join(folder, 'cases', `${i}.sieve`), script)
    await writeFile(join(folder, 'cases', `${i}.eml`), message.replace(/\r?\n/g, '\r\n'))
  }
  const loop =
    'for n in $(seq $1 $2); do sieve-test -c dovecot.conf -f coyote@desert.example' +
    ' -r me+work@example.com -a me+work@example.com' +
    ' cases/$n.sieve cases/$n.eml >cases/$n.out 2>&1; done'
  const firsts = cases.map((_, i) => i).filter((i) => i % CASES_A_SHELL === 0)
  const run = async (first: number) => {
    const last = Math.min(first + CASES_A_SHELL, cases.length) - 1
    const words = ['-c', loop, 'sh', String(first), String(last)]
    const { code, stderr } = await runProgram('sh', words, { folder })
    if (code === null) throw new Error(`sieve-test was ended: ${stderr}`)
  }
  await Promise.all(firsts.map(run))
  return await Promise.all(
    cases.map(async (_, i) => outcomeOf(await readFile(join(folder, 'cases', `${i}.out`), 'utf8'))),
  )
}

/** Each is ended after a time (program.ts). */
const CASES_A_SHELL = 64

/** Debian's nobody: sieve-test runs as somebody who owns no mail. */
const NOBODY = 65_534

function outcomeOf(printed: string): readonly string[] {
  if (printed.includes('failed to compile')) return ['refused']
  if (!printed.includes('final result: success')) return ['error']
  const outcomes: string[] = []
  for (const line of printed.split('\n')) {
    const [, kind = '', of = ''] =
      /^ \* (store message in folder|redirect message to|discard|reject message)[^:]*:? ?(.*)$/.exec(
        line,
      ) ?? []
    if (kind.startsWith('store')) outcomes.push(`fileinto ${of}`)
    if (kind.startsWith('redirect')) outcomes.push(`redirect ${of.replace(/^<(.*)>$/, '$1')}`)
    if (kind === 'discard') outcomes.push('discard')
    if (kind.startsWith('reject')) outcomes.push(`reject ${of}`)
    const [, flags] = /^\s+\+ add IMAP flags: (.*)$/.exec(line) ?? []
    if (flags !== undefined) outcomes.push(`${outcomes.pop()} [${flags.toLowerCase()}]`)
  }
  return outcomes
}
