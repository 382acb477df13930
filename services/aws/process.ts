// What the start of every entry has in common: its variables read and checked, its settings, log and metrics.

import { StartFailure } from '#services/assembly/start-failure.ts'
import { createFigureCounter, type FigureCounter } from '#shared/figures/counter.ts'
import type { Log } from '#shared/runtime/log.ts'
import { openLogTargets } from '#shared/runtime/log-targets.ts'
import { tappedLog } from '#shared/runtime/tapped-log.ts'
import { loadDeployedSettings } from '#shared/settings/deployed.ts'
import { formatProblem } from '#shared/settings/problems.ts'
import type { LoadStored } from '#shared/settings/stored.ts'
import type { Settings } from '#shared/settings/table.ts'
import { commonVariables, type EntryName, type EnvironmentOf, environments } from './environment.ts'
import { countedLog, createMetrics, type Metrics } from './metrics.ts'

export type Environment = { readonly [variable: string]: string | undefined }

export type AwsProcess<Name extends EntryName> = {
  readonly variables: EnvironmentOf<Name>
  /** Those of the deployment; what was changed since is in the store (settings-in-force.ts). */
  readonly settings: Settings
  /** Reads the settings again, with those that are stored. */
  readonly loadSettings: LoadStored
  readonly log: Log
  /** How much of it is written, from now on. */
  readonly changeLog: (settings: Settings) => void
  readonly metrics: Metrics
  /** Counts the lines of the log. */
  readonly counter: FigureCounter
  /** From where requests go out; Lambda and ECS set it. */
  readonly region: string
}

/** Rejects what the deployment got wrong all at once, each thing by its name. */
export function startProcess<Name extends EntryName>(
  name: Name,
  environment: Environment,
): AwsProcess<Name> {
  const loadSettings: LoadStored = async (stored) =>
    loadDeployedSettings({ environment, overrides: [], stored })
  const loaded = loadDeployedSettings({ environment, overrides: [] })
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
  const counter = createFigureCounter()
  const targets = openLogTargets(logOf(settings), destination, (text) => process.stderr.write(text))
  return {
    // Each was just looked for.
    variables: environment as EnvironmentOf<Name>,
    settings,
    loadSettings,
    log: tappedLog(countedLog(targets.log, metrics), counter.tap),
    changeLog: (changed) => targets.change(logOf(changed)),
    metrics,
    counter,
    region: environment.AWS_REGION ?? '',
  }
}

/** Its destination is the platform's. */
const logOf = ({ log }: Settings) =>
  ({ ...log, format: 'json', file: '', syslogServer: null }) as const
