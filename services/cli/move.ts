import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { MoveParts, MoveRefusal } from '#shared/moving/replication/move.ts'
import type { Watch } from '#shared/moving/replication/pass.ts'
import type { Side } from '#shared/moving/replication/side.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import type { Common } from './command-context.ts'
import { becomeOwner, loadDeployment, type Process, withJson } from './context.ts'
import { CommandFailure, type Exit } from './failure.ts'
import { createNoteMoveAct } from './move-acts.ts'
import {
  dryRunText,
  passText,
  phaseText,
  refusalText,
  statusText,
  staysBehind,
  switchText,
  undoText,
  verifyText,
} from './move-text.ts'
import { createOutput } from './output.ts'
import { type Progress, showProgress } from './progress.ts'

type Options = Common & {
  readonly from: string
  readonly to: string
  readonly scratch?: string
  readonly dryRun?: boolean
  readonly bytes?: boolean
  readonly force?: boolean
}

type Run = (given: {
  readonly parts: MoveParts
  readonly options: Options
  readonly output: ReturnType<typeof createOutput>
}) => Promise<void>

/** `postwolke move …`: all of a mail system from a data folder to a deployment on AWS, or back (docs/moving-platforms.md). */
export function moveCommands(parent: Command, process: Process): void {
  const move = parent
    .command('move')
    .description(
      'move a mail system between a data folder and a deployment on AWS, while it serves',
    )

  const dryRun = '--dry-run'
  const dryRunHelp = 'look only: say what there is to copy, and write nothing'

  define(move.command('start'), process, {
    about: 'begin a move: the first pass copies everything into an empty target; the source serves',
    options: (command) => command.option(dryRun, dryRunHelp),
    mayCreate: true,
    async run({ parts, options, output }) {
      if (options.dryRun) return await printDryRun(parts, output)
      const { passOnce } = await import('#shared/moving/replication/move.ts')
      const passed = await passOnce(parts, { begin: true })
      if (passed.kind !== 'passed') throw refused(passed)
      const behind = staysBehind(parts)
      output.print({ ...passed.report, staysBehind: behind }, () => [
        ...passText(passed.report),
        ...behind.map((what) => `does not move: ${what}`),
      ])
    },
  })

  define(move.command('pass'), process, {
    about: 'copy what has changed since; may be repeated, and stopped at any moment',
    options: (command) => command.option(dryRun, dryRunHelp),
    async run({ parts, options, output }) {
      if (options.dryRun) return await printDryRun(parts, output)
      const { passOnce } = await import('#shared/moving/replication/move.ts')
      const passed = await passOnce(parts, { begin: false })
      if (passed.kind !== 'passed') throw refused(passed)
      output.print(passed.report, () => passText(passed.report))
    },
  })

  define(move.command('switch'), process, {
    about: 'close the source, copy the rest, prove that both are equal, open the target',
    async run({ parts, output }) {
      const { switchOver } = await import('#shared/moving/replication/move.ts')
      const switched = await switchOver(parts)
      if (switched.kind !== 'switched') throw refused(switched)
      const behind = staysBehind(parts)
      output.print({ ...switched, staysBehind: behind }, () => [
        ...switchText(switched, parts),
        ...behind.map((what) => `does not move: ${what}`),
      ])
    },
  })

  define(move.command('verify'), process, {
    about: 'read both and compare every folder; differing ones are named',
    options: (command) =>
      command.option('--bytes', 'read every message at both ends too, and compare SHA-256'),
    async run({ parts, options, output }) {
      const { isEqual, verify } = await import('#shared/moving/replication/verify.ts')
      const verification = await verify(parts, { bytes: options.bytes === true })
      output.print({ equal: isEqual(verification), ...verification }, () =>
        verifyText(verification),
      )
      if (!isEqual(verification)) throw new CommandFailure('they are not equal')
    },
  })

  define(move.command('status'), process, {
    about: 'how far the move is',
    async run({ parts, output }) {
      const { standingOf } = await import('#shared/moving/replication/move.ts')
      const standing = await standingOf(parts)
      output.print({ source: standing.source ?? null, target: standing.target ?? null }, () =>
        statusText(standing, parts),
      )
    },
  })

  define(move.command('undo'), process, {
    about: 'open the source again and close the target, as long as nothing came to the target',
    options: (command) =>
      command.option('--force', 'also if something came to the target since: it is left there'),
    async run({ parts, options, output }) {
      const { undo } = await import('#shared/moving/replication/move.ts')
      const { compareMail } = await import('#shared/moving/replication/verify.ts')
      const undone = await undo(parts, {
        force: options.force === true,
        compare: () => compareMail(parts),
      })
      if (undone.kind !== 'undone') throw refused(undone)
      output.print(undone, () => undoText(undone, parts))
    },
  })
}

function define(
  command: Command,
  process: Process,
  definition: {
    readonly about: string
    readonly options?: (command: Command) => unknown
    /** The target's folder need not be there. */
    readonly mayCreate?: boolean
    readonly run: Run
  },
): void {
  command.description(definition.about)
  definition.options?.(command)
  withJson(command)
    .requiredOption(
      '--from <where>',
      'the source: a data folder, or the outputs file of a deployment',
    )
    .requiredOption('--to <where>', 'the target: the other of the two')
    .option('--config <file>', 'configuration file of the data folder, where it is not in it')
    .option('--scratch <dir>', "a folder for what is noted meanwhile (default: the system's own)")
  command.action(async () => {
    const options = command.opts<Options>()
    // Before it becomes the owner of a folder.
    const { administratorOf } = await import('./store-context.ts')
    const by = administratorOf(process)
    await using opened = new AsyncDisposableStack()
    const mayCreate = definition.mayCreate === true && options.dryRun !== true
    // As the owner of a data folder before anything is made.
    const source = opened.use(await openEnd(options.from, options, process))
    const target = opened.use(await openEnd(options.to, options, process, { mayCreate }))
    const scratch = await mkdtemp(join(options.scratch ?? tmpdir(), 'postwolke-move-'))
    opened.defer(() => rm(scratch, { recursive: true, force: true }))
    const { Ledger } = await import('#shared/moving/replication/ledger.ts')
    const ledger = opened.use(new Ledger(join(scratch, 'ledger')))
    const watching = watchFor(process)
    opened.defer(async () => watching.end())
    await definition.run({
      parts: {
        ...{ source, target, ledger, clock: systemClock, newId: randomUUID },
        note: createNoteMoveAct({ by, clock: systemClock }),
        watch: watching.watch,
        tell: watching.tell,
      },
      options,
      output: createOutput(options.json === true, process.write, process.columns),
    })
  })
}

/** A file is what `cdk deploy --outputs-file` wrote. */
async function openEnd(
  where: string,
  options: Options,
  process: Process,
  { mayCreate = false } = {},
): Promise<Side & AsyncDisposable> {
  const path = resolve(where)
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() === true) {
    const { openDeployment, sideOf } = await loadDeployment()
    const deployment = await openDeployment(path, process.environment, { moving: true })
    const side = await sideOf(path, deployment)
    return { ...side, [Symbol.asyncDispose]: () => deployment.store[Symbol.asyncDispose]() }
  }
  const { openMovedFolder } = await import('./store-context.ts')
  await becomeOwner(path, process)
  return await openMovedFolder(path, options, process, { mayCreate })
}

/** One line for a person who waits: what is done now, how much of it, at what rate, and for how long. */
function watchFor(process: Process): {
  readonly watch: Watch
  readonly tell: (what: string) => void
  readonly end: () => void
} {
  let shown: Progress | undefined
  let told = ''
  const end = () => {
    shown?.end()
    shown = undefined
  }
  return {
    end,
    watch(phase, total) {
      end()
      const progress = showProgress(process, phaseText[phase], total)
      shown = progress
      // Nobody knows how much that is.
      if (phase === 'reading' && process.columns !== undefined) process.say(phaseText.reading)
      return (done) => {
        for (let i = 0; i < done; i++) progress.step()
      }
    },
    tell(what) {
      if (what === told) return
      end()
      told = what
      process.say(`${what}\n`)
    },
  }
}

async function printDryRun(
  parts: MoveParts,
  output: ReturnType<typeof createOutput>,
): Promise<void> {
  const { verify } = await import('#shared/moving/replication/verify.ts')
  const verification = await verify(parts)
  const behind = staysBehind(parts)
  output.print({ ...verification, staysBehind: behind }, () => [
    ...dryRunText(verification),
    ...behind.map((what) => `does not move: ${what}`),
  ])
}

const exits = {
  'not-begun': 'unavailable',
  'target-not-empty': 'exists',
  'another-move': 'exists',
  'already-open': 'exists',
  'source-waits': 'temporary',
  'nothing-to-undo': 'unavailable',
  'target-was-used': 'exists',
} as const satisfies { readonly [kind in MoveRefusal['kind']]: Exit }

const refused = (refusal: MoveRefusal) =>
  new CommandFailure(refusalText(refusal), exits[refusal.kind])
