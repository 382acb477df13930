// What the start of every entry has in common: its variables read and checked, its settings, log and metrics.

import { StartFailure } from '#services/assembly/start-failure.ts'
import type { Log } from '#shared/runtime/log.ts'
import { createLog } from '#shared/runtime/log-writer.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { formatProblem } from '#shared/settings/problems.ts'
import type { Settings } from '#shared/settings/table.ts'
import { commonVariables, type EntryName, type EnvironmentOf, environments } from './environment.ts'
import { countedLog, createMetrics, type Metrics } from './metrics.ts'

export type Environment = { readonly [variable: string]: string | undefined }

export type AwsProcess<Name extends EntryName> = {
  readonly variables: EnvironmentOf<Name>
  readonly settings: Settings
  readonly log: Log
  readonly metrics: Metrics
  /** From where requests go out; Lambda and ECS set it. */
  readonly region: string
}

/** Rejects what the deployment got wrong all at once, each thing by its name. */
export function startProcess<Name extends EntryName>(
  name: Name,
  environment: Environment,
): AwsProcess<Name> {
  const loaded = loadSettings({ environment, overrides: [] })
  const required = [...environments[name], ...commonVariables, 'AWS_REGION']
  const missing = required.filter((variable) => environment[variable] === undefined)
  const problems = [
    ...missing.map((variable) => `${name} needs the variable ${variable}`),
    ...(loaded.kind === 'invalid' ? loaded.problems.map(formatProblem) : []),
  ]
  if (loaded.kind === 'invalid' || missing.length > 0) throw new StartFailure(problems.join('\n'))
  const { settings } = loaded
  const destination = process.stdout
  const metrics = createMetrics({
    namespace: environment.METRICS_NAMESPACE ?? '',
    now: Date.now,
    write: (line) => void destination.write(line),
  })
  return {
    // Each was just looked for.
    variables: environment as EnvironmentOf<Name>,
    settings,
    log: countedLog(createLog({ ...settings.log, format: 'json', destination }), metrics),
    metrics,
    region: environment.AWS_REGION ?? '',
  }
}
