import { readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import type { Command } from 'commander'
import { printable } from '#shared/runtime/printable.ts'
import { findingText } from '#shared/sieve/finding.ts'
import type { Note } from '#shared/sieve/procmail/translate.ts'
import { type Process, withJson } from './context.ts'
import { CommandFailure } from './failure.ts'
import { createOutput } from './output.ts'

/** `postwolke sieve from-procmail`: needs no data folder, since it only reads and prints. */
export function fromProcmailCommand(group: Command, process: Process): void {
  const command = withJson(group.command('from-procmail <file>'))
    .description(
      'print a .procmailrc as a Sieve script, and on standard error what could not be translated; its folder counts as the home',
    )
    .option('--login <name>', 'what $LOGNAME was on the old machine')
  command.action(async (file: string) => {
    const { login, json } = command.opts<{ login?: string; json?: boolean }>()
    const { translateProcmail } = await import('#shared/sieve/procmail/translate.ts')
    const translation = translateProcmail(readText(file), {
      name: basename(file),
      ...(login !== undefined && { login }),
      read: (path) => readInHome(dirname(file), path),
    })
    const { compileScript } = await import('#shared/sieve/compile.ts')
    const { vocabulary } = await import('#shared/sieve/vocabulary.ts')
    const compilation = compileScript(Buffer.from(translation.script), vocabulary)
    const findings = compilation.kind === 'refused' ? compilation.findings.map(findingText) : []
    if (json) {
      createOutput(true, process.write).print({ ...translation, findings }, () => [])
      return
    }
    process.write(translation.script)
    // More than a script may have: it has to be cut down by hand.
    for (const finding of findings) process.say(`of the script: ${printable(finding)}\n`)
    for (const note of translation.notes) process.say(`${printable(noteLine(note))}\n`)
    const left = translation.notes.filter(({ kind }) => kind === 'left-out').length
    process.say(`${translation.translated} translated, ${left} left out\n`)
  })
}

const words = { 'left-out': 'left out', differs: 'not quite the same', ignored: 'ignored' } as const

const noteLine = ({ file, line, kind, reason }: Note) =>
  `${file}, line ${line}: ${words[kind]}: ${reason}`

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CommandFailure(`cannot read ${file}: ${why}`, 'noInput')
  }
}

/** What it includes may stand in a script that others read: nothing outside of the home gets into it, by links neither. */
function readInHome(home: string, path: string): string | undefined {
  if (!path.startsWith('~/')) return undefined
  try {
    const real = realpathSync(join(home, path.slice(2)))
    return real.startsWith(`${realpathSync(home)}${sep}`) ? readFileSync(real, 'utf8') : undefined
  } catch {
    // Whether it is not there or may not be read: the translation says that it could not be.
    return undefined
  }
}
