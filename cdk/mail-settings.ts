// The table `mail` of the deployment file: mail settings, as the variables that containers and functions read.

import { isDecidedByDeployment } from '#shared/settings/deployed.ts'
import { loadSettings, variableOf } from '#shared/settings/load.ts'
import type { Problem } from '#shared/settings/problems.ts'
import { writtenText } from '#shared/settings/references.ts'
import { valueAt } from '#shared/settings/setting.ts'
import { isSecretArn } from '#shared/settings/table/dns-lists.ts'
import { type Settings, settingsByPath } from '#shared/settings/table.ts'

export type MailSettings =
  | {
      readonly kind: 'ok'
      readonly variables: { readonly [variable: string]: string }
      readonly settings: Settings
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

/** Lambda takes 4 KB of variables altogether. */
const VARIABLES_BYTES_MAX = 2_500

/** `hostname`: the deployment's, for settings that refer to it. */
export function readMailSettings(
  file: { readonly path: string; readonly text: string },
  hostname: string,
): MailSettings {
  const defaults = hostname === '' ? {} : { hostname }
  const loaded = loadSettings({ file, environment: {}, overrides: [], defaults })
  if (loaded.kind === 'invalid') return { kind: 'invalid', problems: loaded.problems.map(within) }
  const given = [...settingsByPath].filter(([path]) => loaded.origin(path).kind !== 'default')
  const variables = Object.fromEntries(
    given.map(([path, { kind }]) => [
      variableOf(path),
      writtenText(kind, kind.format(valueAt(loaded.settings, path))),
    ]),
  )
  const problems = [
    ...given
      .filter(([path]) => isDecidedByDeployment(path))
      .map(([path]) => settledElsewhere(path)),
    ...tooLong(
      variables,
      given.map(([path]) => path),
    ),
    ...bareKeys(loaded.settings),
  ]
  return problems.length > 0
    ? { kind: 'invalid', problems }
    : { kind: 'ok', variables, settings: loaded.settings }
}

/** The key as it is written in the deployment file. */
function within(problem: Problem): Problem {
  switch (problem.kind) {
    case 'unknown-key': {
      const nearest = problem.nearest && `mail.${problem.nearest}`
      return { ...problem, key: `mail.${problem.key}`, nearest }
    }
    case 'bad-value':
    case 'unresolved':
      return { ...problem, key: `mail.${problem.key}` }
    case 'conflict':
      return { ...problem, keys: problem.keys.map((key) => `mail.${key}`) }
    case 'bad-file':
    case 'bad-override':
      return problem
  }
}

/** What stands in a template or a variable is no secret. */
function bareKeys({ dnsListKeys }: Settings): Problem[] {
  if ([...dnsListKeys.values()].every(isSecretArn)) return []
  const reason = 'write the ARN of a secret that is the key, not the key itself'
  return [{ kind: 'conflict', keys: ['mail.dnsListKeys'], reason }]
}

function settledElsewhere(path: string): Problem {
  const reason = 'the deployment decides this; see the keys outside of the table mail'
  return { kind: 'conflict', keys: [`mail.${path}`], reason }
}

function tooLong(
  variables: { readonly [variable: string]: string },
  paths: readonly string[],
): Problem[] {
  const bytesOf = (path: string) => Buffer.byteLength(variables[variableOf(path)] ?? '')
  const bytes = Buffer.byteLength(Object.entries(variables).flat().join(''))
  if (bytes <= VARIABLES_BYTES_MAX) return []
  const [longest = ''] = paths.toSorted((a, b) => bytesOf(b) - bytesOf(a))
  const reason = `${bytes} bytes of settings, ${bytesOf(longest)} of them of ${longest}; functions can be given ${VARIABLES_BYTES_MAX}`
  return [{ kind: 'conflict', keys: ['mail'], reason }]
}
