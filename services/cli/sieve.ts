// `postwolke sieve …`: scripts of accounts, those of all, and what one would do.

import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { ScriptFacts } from '#shared/administration/scripts/scripts.ts'
import { SITE } from '#shared/administration/scripts/site.ts'
import type { ActionFacts, ScriptTried, TryScript } from '#shared/administration/scripts/trial.ts'
import { type Finding, findingText } from '#shared/sieve/finding.ts'
import type { Context, Process } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { fromProcmailCommand } from './from-procmail.ts'
import { columns, formatTime, warn } from './output.ts'
import { refused } from './refusal-text.ts'

export function sieveCommands(parent: Command, process: Process, define: Define): void {
  const group = parent
    .command('sieve')
    .description(`filters of accounts, by their address; those for all by the word '${SITE}'`)
  listCommand(group, define)
  showCommand(group, define)
  putCommand(group, define)
  activateCommands(group, define)
  renameCommand(group, define)
  removeCommand(group, define)
  checkCommand(group, define)
  runCommand(group, define)
  fromProcmailCommand(group, process)
}

function listCommand(group: Command, define: Define): void {
  define(group.command('list <owner>'), {
    about: 'list scripts, and which one is active',
    async run({ administration, output }, [owner]) {
      const found = await administration.scripts.list(owner)
      if (found.kind !== 'scripts') throw refused(found)
      output.print(found.scripts.map(shown), (width) =>
        columns(
          ['NAME', 'BYTES', 'CHANGED', 'ACTIVE'],
          found.scripts.map((one) => [
            one.name,
            String(one.bytes),
            formatTime(one.changedMs),
            one.isActive ? 'yes' : '-',
          ]),
          width,
        ),
      )
    },
  })
}

function showCommand(group: Command, define: Define): void {
  define<{ lines?: boolean }>(group.command('show <owner> <name>'), {
    about: 'print a script',
    options: (command) => command.option('--lines', 'with the numbers of its lines'),
    async run({ administration, output, process }, [owner, name = ''], { lines = false }) {
      const found = await administration.scripts.show({ owner, name })
      if (found.kind !== 'script') throw refused(found)
      const { version: _, ...script } = found.script
      const text = Buffer.from(found.text).toString('utf8')
      output.print({ ...shown(script), text, findings: found.findings }, () => {
        const all = text.split(/\r?\n/)
        if (all.at(-1) === '') all.pop()
        const digits = String(all.length).length
        return lines ? all.map((line, i) => `${String(i + 1).padStart(digits)}  ${line}`) : all
      })
      for (const finding of found.findings) warn(process, findingLine(name, finding))
    },
  })
}

function putCommand(group: Command, define: Define): void {
  define<{ activate?: boolean }>(group.command('put <owner> <name> <file>'), {
    about: 'store a script from a file, or - for standard input; one that is wrong is refused',
    options: (command) => command.option('--activate', 'it decides from now on'),
    async run(context, [owner, name = '', file = ''], { activate = false }) {
      if (activate && owner === SITE) {
        throw new CommandFailure('of scripts for all none is active: settings name them', 'usage')
      }
      const { administration, output, process } = context
      const text = await contentOf(file, process)
      const put = await administration.scripts.put({ owner, name, text, activate })
      if (put.kind === 'wrong-script') throw wrong(file, put.findings)
      if (put.kind !== 'put') throw refused(put)
      output.print({ ...put.script, isNew: put.isNew, warnings: put.warnings }, () => [
        `${put.script.name} ${put.isNew ? 'stored' : 'replaced'}${put.script.isActive ? '; it is active' : ''}`,
      ])
      for (const finding of put.warnings) warn(process, findingLine(file, finding))
    },
  })
}

function activateCommands(group: Command, define: Define): void {
  const activate = async (
    { administration, output }: Context,
    owner: string,
    name: string | null,
  ) => {
    const done = await administration.scripts.activate({ owner, name })
    if (done.kind !== 'activated') throw refused(done)
    output.print({ active: done.name, before: done.before }, () => [
      done.name === null ? `no script of ${owner} is active` : `${done.name} is active`,
    ])
  }
  define(group.command('activate <owner> <name>'), {
    about: 'have this script decide what becomes of mail',
    run: (context, [owner, name = '']) => activate(context, owner, name),
  })
  define(group.command('deactivate <owner>'), {
    about: 'have no script decide; all are kept',
    run: (context, [owner]) => activate(context, owner, null),
  })
}

function renameCommand(group: Command, define: Define): void {
  define(group.command('rename <owner> <name> <to>'), {
    about: 'give a script another name; the active one stays active',
    async run({ administration, output }, [owner, name = '', to = '']) {
      const done = await administration.scripts.rename({ owner, name, to })
      if (done.kind !== 'renamed') throw refused(done)
      output.print({ from: done.from, to: done.to }, () => [`${done.from} is ${done.to} now`])
    },
  })
}

function removeCommand(group: Command, define: Define): void {
  define(group.command('remove <owner> <name>'), {
    about: 'remove a script that is not active',
    async run({ administration, output }, [owner, name = '']) {
      const done = await administration.scripts.remove({ owner, name })
      if (done.kind !== 'removed') throw refused(done)
      output.print({ name: done.name }, () => [`${done.name} removed`])
    },
  })
}

function checkCommand(group: Command, define: Define): void {
  define(group.command('check <file>'), {
    about: 'tell what is wrong with a script, and where; - for standard input',
    async run({ administration, output, process }, [file]) {
      const text = await contentOf(file, process)
      const { isFine, findings } = await administration.scripts.check(text)
      output.print({ isFine, findings }, () =>
        findings.length === 0
          ? [`${file}: ok`]
          : findings.map((finding) => findingLine(file, finding)),
      )
      if (!isFine) throw new CommandFailure(`${file} would not be stored`, 'data')
    },
  })
}

type RunOptions = {
  script?: string
  file?: string
  uid?: string
  folder: string
  from?: string
  to?: string
}

function runCommand(group: Command, define: Define): void {
  define<RunOptions>(group.command('run <owner> [message]'), {
    about:
      'try a script on a message: a file, - for standard input, or with --uid one that is stored; nothing is delivered',
    options: (command) =>
      command
        .option('--script <name>', 'a stored one (default: the active one)')
        .option('--file <file>', 'a script that need not be stored')
        .option('--uid <number>', 'of a message of the account')
        .option('--folder <path>', 'where that is', 'INBOX')
        .option('--from <address>', "sender of the envelope; '' for none (default: the header's)")
        .option('--to <address>', 'recipient of the envelope (default: the account)'),
    async run({ administration, output, process }, [owner, message], options: RunOptions) {
      const { script: name, file, uid, folder, from, to } = options
      if (name !== undefined && file !== undefined) {
        throw new CommandFailure('--script and --file name one script each', 'usage')
      }
      if ((message === undefined) === (uid === undefined)) {
        throw new CommandFailure('a message is needed, or --uid', 'usage')
      }
      const script: TryScript['script'] =
        file !== undefined
          ? { kind: 'text', text: await contentOf(file, process) }
          : name !== undefined
            ? { kind: 'named', name }
            : { kind: 'active' }
      const given: TryScript['message'] =
        message === undefined
          ? { kind: 'stored', folder, uid: numberOf(uid) }
          : { kind: 'bytes', bytes: await contentOf(message, process) }
      const tried = await administration.scriptTrials.run({
        ...{ owner, script, message: given, from, to },
      })
      if (tried.kind === 'wrong-script') throw wrong(file ?? name ?? 'script', tried.findings)
      if (tried.kind === 'no-such-script' && tried.value === '') {
        throw new CommandFailure(`${owner} has no active script; --script names one`, 'noUser')
      }
      if (tried.kind !== 'tried') throw refused(tried)
      output.print(shownTrial(tried), () => trialLines(tried))
      for (const finding of tried.warnings) {
        warn(process, findingLine(tried.script ?? file ?? 'script', finding))
      }
    },
  })
}

function shownTrial({ trace, ...tried }: ScriptTried) {
  const { script, from, to, isCut, notes, actions, failure, warnings } = tried
  const events = trace.map(({ script, line, depth, name, result = null }) => ({
    ...{ script, line, depth, name, result },
  }))
  return { script, from, to, trace: events, isCut, notes, actions, failure, warnings }
}

function trialLines({ trace, isCut, notes, actions, failure, from, to }: ScriptTried) {
  const names = new Set(trace.map(({ script }) => script))
  return [
    `envelope: from <${from}>, to <${to}>`,
    '',
    ...trace.map(({ script, line, depth, name, result }) => {
      const place = names.size > 1 ? `${script} ${line}` : `line ${line}`
      const end = result === undefined ? '' : result ? ': true' : ': false'
      return `${place}: ${'  '.repeat(depth)}${name}${end}`
    }),
    ...(isCut ? ['there is more'] : []),
    ...notes.map((note) => `says: ${note}`),
    '',
    ...(failure === null
      ? []
      : [
          `failed in line ${failure.line} of ${failure.script}: ${failure.reason}`,
          'nothing of it is done; the message is kept in INBOX',
        ]),
    ...(failure === null ? actions.map(actionLine) : []),
  ]
}

function actionLine({ kind, line, folder, to, flags, reason, subject, isChanged }: ActionFacts) {
  const words = [
    line === 0 ? 'keep, since nothing else was said' : kind,
    ...(folder === undefined ? [] : [`into ${folder}`]),
    ...(to === undefined ? [] : [`to ${to}`]),
    ...(subject === undefined ? [] : [`with subject '${subject}'`]),
    ...(flags === undefined ? [] : [`flagged ${flags.join(' ')}`]),
    ...(isChanged ? ['as the script changed it'] : []),
    ...(reason === undefined ? [] : [`saying '${reason.replace(/\s+/g, ' ').trim()}'`]),
  ]
  return `${words.join(' ')}${line > 0 ? ` (line ${line})` : ''}`
}

/** Each on a line of its own, as editors find them. */
const wrong = (file: string, findings: readonly Finding[]) =>
  new CommandFailure(findings.map((finding) => findingLine(file, finding)).join('\n'), 'data')

const findingLine = (file: string, finding: Finding) => `${file}: ${findingText(finding)}`

const shown = ({ changedMs, ...one }: ScriptFacts) => ({ ...one, changed: formatTime(changedMs) })

function numberOf(uid: string | undefined): number {
  const number = /^\d{1,10}$/.test(uid ?? '') ? Number(uid) : 0
  if (number > 0) return number
  throw new CommandFailure(`--uid is a number from 1: '${uid}'`, 'usage')
}

async function contentOf(file: string, process: Process): Promise<Uint8Array> {
  if (file === '-') return await process.readStdin('')
  return await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(`cannot read ${file}: ${error.message}`, 'noInput')
  })
}
