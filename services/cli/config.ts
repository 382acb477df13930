import type { Command } from 'commander'
import { describeSettings } from '#shared/runtime/settings/describe.ts'
import { type Common, type Process, readSettings, withCommonOptions, withJson } from './context.ts'
import { CommandFailure } from './failure.ts'
import { columns, createOutput } from './output.ts'

/** `postwolke config show`: what postconf shows, with where each value came from. */
export function configCommands(parent: Command, process: Process): void {
  const config = parent.command('config').description('settings')
  const show = withJson(withCommonOptions(config.command('show [pattern]')))
    .description(
      'show settings, their values and where they came from; all, or those with this in their name',
    )
    .option('--changed', 'only settings that are not at their default')
  show.action(async (pattern: string | undefined) => {
    const options = show.opts<Common & { changed?: boolean }>()
    const loaded = await readSettings(options, process)
    const settings = describeSettings(loaded).filter(
      (setting) =>
        setting.path.toLowerCase().includes((pattern ?? '').toLowerCase()) &&
        (!options.changed || setting.origin !== 'default'),
    )
    if (settings.length === 0 && pattern !== undefined) {
      throw new CommandFailure(
        `no ${options.changed ? 'changed ' : ''}setting has '${pattern}' in its name`,
      )
    }
    createOutput(options.json === true, process.write).print(settings, () =>
      columns(
        ['SETTING', 'VALUE', 'FROM'],
        settings.map((setting) => [setting.path, setting.value || '(nothing)', setting.origin]),
      ),
    )
  })
}
