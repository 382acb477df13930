import type { Command } from 'commander'
import { explained } from '#services/assembly/start-failure.ts'
import type { CheckFinding } from '#shared/administration/check/finding.ts'
import { type Common, type Context, dataDirectory, loadDeployment, outputsFile } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, counted } from './output.ts'

type Options = Common & { readonly repair?: boolean }

/** `postwolke check`: holds all that is stored against itself. Exit status 1 where something is left that does not fit. */
export function checkCommand(parent: Command, define: Define): void {
  define<Options>(parent.command('check'), {
    about: 'walk the whole store and say what in it does not fit; nothing is changed',
    options: (command) =>
      command.option('--repair', 'mend what can be mended without loss; the server must not run'),
    async run(context, _, options) {
      const { output, process, backend } = context
      const outputs = outputsFile(options, process)
      const repairing = options.repair === true
      if (outputs !== undefined && repairing) {
        throw new CommandFailure(
          '--repair is for a data folder; a deployment is only looked at',
          'usage',
        )
      }
      const { checkFolder, mended } = await import('#services/one-machine/data-folder.ts')
      using _lock = repairing ? await lockFor(dataDirectory(options, process)) : undefined
      const findings =
        outputs === undefined
          ? checkFolder(backend.store, backend.clock.now())
          : await findingsOfDeployment(context, outputs)
      const { findingKinds } = await import('#shared/administration/check/finding.ts')
      const shown: Shown[] = []
      for await (const { mend, ...finding } of findings) {
        const { kind, of, found } = finding
        const isMended = repairing && mend !== undefined && (await mended(mend))
        if (isMended) backend.log.warn({ kind, of, found }, 'repaired')
        const next = isMended ? 'mended' : mend === undefined ? 'stays' : 'can be mended'
        shown.push({ ...finding, gravity: findingKinds[finding.kind], next })
      }
      output.print(shown, (width) => [
        ...(shown.length === 0
          ? []
          : columns(['GRAVITY', 'KIND', 'OF', 'FOUND', ''], shown.map(row), width)),
        summary(shown),
      ])
      const left = shown.filter(({ next }) => next !== 'mended').length
      if (left > 0) throw new CommandFailure(`${counted(left, 'thing does', 'things do')} not fit`)
    },
  })
}

type Shown = Omit<CheckFinding, 'mend'> & {
  readonly gravity: string
  readonly next: 'mended' | 'can be mended' | 'stays'
}

const row = ({ gravity, kind, of, found, next }: Shown) => [gravity, kind, of, found, next]

function summary(shown: readonly Shown[]): string {
  if (shown.length === 0) return 'everything fits'
  const count = (next: Shown['next']) => shown.filter((one) => one.next === next).length
  return `${count('mended')} mended, ${count('can be mended')} can be mended with --repair, ${count('stays')} stay`
}

async function lockFor(directory: string) {
  const { lockAlone } = await import('#services/one-machine/data-folder.ts')
  return await explained(`cannot repair ${directory}`, lockAlone(directory, Date.now()))
}

async function findingsOfDeployment({ backend, process }: Context, outputs: string) {
  const { openDeployment, readingOf } = await loadDeployment()
  const { checkTwice } = await import('#shared/administration/check/twice.ts')
  const deployment = await openDeployment(outputs, process.environment)
  const { tables } = backend.store
  return checkTwice({ reading: await readingOf(deployment), tables, nowMs: backend.clock.now() })
}
