import type { Command } from 'commander'
import type { SettingFacts } from '#shared/administration/settings.ts'
import type { Context } from './context.ts'
import type { Define } from './define.ts'
import { columns, warn } from './output.ts'
import { refused } from './refusal-text.ts'

/** `postwolke setting …`: what may be other while the system runs, kept where it runs; `config` is about the file of this machine. */
export function settingCommands(parent: Command, define: Define): void {
  const setting = parent
    .command('setting')
    .description('settings that may change while a system runs, here or on a server')

  define(setting.command('list [text]'), {
    about: 'list settings, or those with this in their name, here or in Postfix or Dovecot',
    async run({ administration, output }, [text]) {
      const found = await administration.settings.list(text === '' ? undefined : text)
      const shown = found.settings
      output.print(shown, (width) =>
        columns(
          ['SETTING', 'VALUE', 'FROM'],
          shown.map(({ path, value, from }) => [path, value, from]),
          width,
        ),
      )
    },
  })

  define(setting.command('show <setting>'), {
    about: 'show a setting: what it is for, what is allowed, where its value comes from',
    async run({ administration, output }, [path]) {
      const found = await administration.settings.show(path)
      if (found.kind !== 'setting') throw refused(found)
      const facts = found.setting
      output.print(facts, () => [
        `setting  ${facts.path}${facts.isReloadable ? '' : ' (needs another start)'}`,
        `value    ${facts.value}`,
        `from     ${facts.from}`,
        ...facts.hides.map(({ value, from }) => `hides    ${value} (${from})`),
        `default  ${facts.default}`,
        `allowed  ${facts.allowed}`,
        `about    ${facts.about}`,
        ...(facts.problem === null ? [] : [`unused   ${facts.problem}`]),
      ])
    },
  })

  define(setting.command('set <setting> <value...>'), {
    about:
      'change a setting that may change while the system runs, which takes it over at once; its file and its environment go before it',
    run: async (context, [path, ...words]) => change(context, path, words.join(' ')),
  })

  define(setting.command('reset <setting>'), {
    about: 'take a change of a setting back',
    run: async (context, [path]) => change(context, path, null),
  })
}

async function change(
  { administration, output, process }: Context,
  path: string,
  value: string | null,
): Promise<void> {
  const done = await administration.settings.change({ changes: { [path]: value } })
  if (done.kind !== 'changed') throw refused(done)
  output.print(done.settings, () => done.settings.map(line))
  for (const text of done.warnings) warn(process, text)
}

const line = ({ path, value, from }: SettingFacts) => `${path} = ${value} (${from})`
