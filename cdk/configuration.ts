// What an operator says about a deployment: a TOML file (app.ts finds it). It is read by the same machinery as the
// mail settings, so that mistakes are reported all at once and in the same words. Its table `mail` holds mail settings
// (docs/settings.md), which every container and function gets.

import { parse as parseToml, stringify, TomlError } from 'smol-toml'
import { createSettingsLoader } from '#shared/settings/load.ts'
import type { Problem } from '#shared/settings/problems.ts'
import { settingsByPath } from '#shared/settings/table.ts'
import { deploymentConflicts, mailConflicts } from './configuration-conflicts.ts'
import { type Configuration, configurationTable } from './configuration-table.ts'
import { type ContentFilter, contentFiltersOf } from './content-filters.ts'
import { type ListenerName, servedListeners } from './listeners.ts'
import { type MailSettings, readMailSettings } from './mail-settings.ts'
import { type Preset, presets } from './presets.ts'

export type HostedZone = { readonly id: string; readonly name: string }

export type Deployment = Omit<Configuration, 'preset' | 'listeners' | 'logRetentionDays'> & {
  readonly preset: Preset
  readonly listeners: readonly ListenerName[]
  readonly logRetentionDays: number
  readonly hostedZone: HostedZone | undefined
  /** ARNs of secrets that are keys of DNS lists. */
  readonly dnsListKeySecrets: readonly string[]
  /** The mail settings as variables. */
  readonly mail: { readonly [variable: string]: string }
  readonly contentFilters: readonly ContentFilter[]
  /** Domains are sent reports of mail in their name. */
  readonly sendsDmarcReports: boolean
  readonly sendsTlsReports: boolean
}

export type ConfigurationFile = { readonly path: string; readonly text: string }

export type DeploymentResult =
  | { readonly kind: 'ok'; readonly deployment: Deployment }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const loadConfiguration = createSettingsLoader({
  table: configurationTable,
  conflicts: deploymentConflicts,
})

/** Nothing but the file counts: the same file makes the same deployment on every machine. */
export function loadDeployment(file: ConfigurationFile): DeploymentResult {
  const parts = separate(file)
  const loaded = loadConfiguration({ file: parts.deployment, environment: {}, overrides: [] })
  const mail = readMailSettings(parts.mail, loaded.kind === 'ok' ? loaded.settings.hostname : '')
  if (loaded.kind === 'ok' && mail.kind === 'ok') {
    const together = mailConflicts(loaded.settings, mail.settings)
    if (together.length > 0) return { kind: 'invalid', problems: together }
    return { kind: 'ok', deployment: deploymentOf(loaded.settings, mail) }
  }
  const problems = [loaded, mail].flatMap((part) => (part.kind === 'ok' ? [] : part.problems))
  return { kind: 'invalid', problems: problems.map(misplaced) }
}

/** A key that belongs to the other half of the file is a mistake of its own, not an ill-spelt one of its half. */
function misplaced(problem: Problem): Problem {
  if (problem.kind !== 'unknown-key') return problem
  const { key } = problem
  const [, below = ''] = /^mail\.(.*)$/.exec(key) ?? []
  if (below in configurationTable) return { ...problem, nearest: below }
  return settingsByPath.has(key) ? { ...problem, nearest: `mail.${key}` } : problem
}

/** The file without its mail settings, and those alone. What is no TOML stays whole, for the loader to say where. */
function separate({ path, text }: ConfigurationFile) {
  const alone = { deployment: { path, text }, mail: { path, text: '' } }
  try {
    const { mail = {}, ...deployment } = parseToml(text)
    // Anything but a table is left for the loader to refuse.
    if (typeof mail !== 'object' || Array.isArray(mail)) return alone
    return {
      deployment: { path, text: stringify(deployment) },
      mail: { path, text: stringify(mail) },
    }
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    return alone
  }
}

function deploymentOf(
  configuration: Configuration,
  mail: Extract<MailSettings, { readonly kind: 'ok' }>,
): Deployment {
  const preset = presets[configuration.preset]
  const { hostedZoneId: id, hostedZoneName: name } = configuration
  return {
    ...configuration,
    preset,
    listeners: servedListeners(configuration),
    logRetentionDays: configuration.logRetentionDays ?? preset.logRetentionDays,
    hostedZone: id === '' ? undefined : { id, name },
    senderName: configuration.senderName || `out.${configuration.hostname}`,
    dnsListKeySecrets: [...mail.settings.dnsListKeys.values()],
    mail: mail.variables,
    contentFilters: contentFiltersOf(mail.settings),
    sendsDmarcReports: mail.settings.dmarcReports,
    sendsTlsReports: mail.settings.tlsReports,
  }
}
