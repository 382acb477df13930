// What the doctor finds bad, before a person says that a system is fit for the mail of a domain.

import type { Context } from '../command-context.ts'
import { type Common, dataDirectory, outputsFile } from '../context.ts'
import { warn } from '../output.ts'

/** `domain`: whose records are looked at too; undefined: none are published yet. */
export async function warnAsDoctor(
  { administration, backend, process }: Context,
  options: Common,
  domain: string | undefined,
): Promise<void> {
  const [{ assembleDoctor }, { createMachine }, { systemClock }] = await Promise.all([
    import('#services/assembly/doctor.ts'),
    import('#services/one-machine/machine.ts'),
    import('#shared/runtime/clock.ts'),
  ])
  const isHere = outputsFile(options, process) === undefined
  const directory = dataDirectory(options, process)
  const machine = isHere ? createMachine({ directory, clock: systemClock }) : undefined
  const records =
    domain === undefined ? undefined : await administration.dns.records({ domain, check: true })
  const domains = records?.kind === 'records' ? [records] : []
  for await (const { state, check, of, found, next } of assembleDoctor(backend, {
    machine,
    domains,
  })) {
    if (state !== 'bad') continue
    const what = [check, of].filter(Boolean).join(' ')
    warn(process, `doctor: ${what}: ${found}${next === undefined ? '' : `; ${next}`}`)
  }
}
