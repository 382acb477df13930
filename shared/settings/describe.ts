// The settings as people read them: `config show` and docs/settings.md.

import { type LoadedSettings, variableOf } from './load.ts'
import { formatOrigin, SECRET } from './problems.ts'
import { writtenText } from './references.ts'
import { type Setting, valueAt } from './setting.ts'
import { flatten, settingParts, settingsByPath } from './table.ts'

export type SettingDescription = {
  readonly path: string
  /** As it could be written in the configuration file. */
  readonly value: string
  readonly origin: string
  readonly default: string
  readonly allowed: string
  readonly about: string
}

export function describeSettings(loaded: LoadedSettings): SettingDescription[] {
  return [...settingsByPath].map(([path, setting]) => ({
    path,
    value: shownValue(setting, valueAt(loaded.settings, path)),
    origin: formatOrigin(loaded.origin(path)),
    default: defaultOf(setting),
    allowed: setting.kind.allowed,
    about: setting.facts.about,
  }))
}

function shownValue({ kind }: Setting<unknown>, value: unknown): string {
  const text = kind.format(value)
  if (kind.secret === true) return text === '' ? '' : SECRET
  return writtenText(kind, text)
}

function defaultOf({ kind, facts }: Setting<unknown>): string {
  return facts.defaultText ?? facts.derived ?? kind.format(facts.default)
}

/** The text of docs/settings.md. */
export function settingsManual(): string {
  const parts = Object.entries(settingParts).map(([title, group]) => {
    const entries = flatten(group).map(([path, setting]) => manualEntry(path, setting))
    return `## ${title}\n\n${entries.join('\n')}`
  })
  return `${MANUAL_HEAD}\n${parts.join('\n')}`
}

function manualEntry(path: string, setting: Setting<unknown>): string {
  const { postfix, dovecot } = setting.facts.known ?? {}
  const known = [postfix && `Postfix: ${postfix}`, dovecot && `Dovecot: ${dovecot}`].filter(Boolean)
  const shown = shownDefault(setting)
  return `### \`${path}\`

${setting.facts.about}

- Allowed: ${setting.kind.allowed}
- Default: ${shown}
- Variable: \`${variableOf(path)}\`
- Changes: ${setting.facts.reload ? 'taken over on SIGHUP' : 'need a restart'}
${known.length > 0 ? `- Known as: ${known.join('; ')}\n` : ''}`
}

function shownDefault(setting: Setting<unknown>): string {
  const { defaultText, derivedBy } = setting.facts
  if (derivedBy === undefined) return defaultText ?? quoted(defaultOf(setting))
  const texts = Object.entries(derivedBy.texts).map(([value, text]) => `${value}: ${quoted(text)}`)
  return `by \`${derivedBy.setting}\`. ${texts.join('; ')}`
}

const quoted = (text: string) => (text === '' ? 'nothing' : `\`${text}\``)

const MANUAL_HEAD = `# Settings

Made from \`shared/settings/table.ts\`; a test compares the two.

A setting comes from, in rising precedence: its default, the configuration file \`postwolke.toml\`, an environment variable,
\`--set key=value\` on the command line. An unknown key or a value that is not allowed stops the start and says what is
allowed. \`postwolke config show\` prints every setting, its value and where it came from.

In a value \`$name\`, \`\${name}\` and \`$(name)\` stand for the value of another setting (\`\${tls.minimumVersion}\`: names with dots need the
braces); a dollar sign itself is \`$$\`.

\`\`\`toml
hostname = "mail.example.net"
messageSizeLimit = "25MB"
mynetworks = ["192.0.2.0/24"]

[listeners.smtp]
port = 25
\`\`\`
`
