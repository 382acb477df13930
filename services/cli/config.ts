import { existsSync } from 'node:fs'
import { access, constants, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { explained } from '#services/assembly/start-failure.ts'
import type { Settings } from '#shared/settings/table.ts'
import {
  becomeOwner,
  type Common,
  dataDirectory,
  type Process,
  withCommonOptions,
  withJson,
} from './context.ts'
import { CommandFailure } from './failure.ts'
import { columns, createOutput, warn } from './output.ts'

/** `postwolke config …`: what postconf and `postfix check` do, with where each value came from. What a system that runs may change: setting.ts. */
export function configCommands(parent: Command, process: Process): void {
  const config = parent
    .command('config')
    .description('what this machine says of settings: its file, its environment')
  const show = withJson(withCommonOptions(config.command('show [pattern]')))
    .description(
      'show settings, their values and where they came from; all, or those with this in their name',
    )
    .option('--changed', 'only settings that are not at their default')
  show.action(async (pattern: string | undefined) => {
    const options = show.opts<Common & { changed?: boolean }>()
    const [{ readSettingsInForce }, { describeSettings }] = await Promise.all([
      import('./store-context.ts'),
      import('#shared/settings/describe.ts'),
    ])
    const loaded = await readSettingsInForce(options, process)
    const settings = describeSettings(loaded).filter(
      (setting) =>
        setting.path.toLowerCase().includes((pattern ?? '').toLowerCase()) &&
        (!options.changed || setting.origin !== 'default'),
    )
    if (settings.length === 0 && pattern !== undefined) {
      throw new CommandFailure(
        `no ${options.changed ? 'changed ' : ''}setting has '${pattern}' in its name`,
        'noUser',
      )
    }
    createOutput(options.json === true, process.write, process.columns).print(settings, () =>
      columns(
        // Lists of restrictions are long: what stands behind them would be far away.
        ['SETTING', 'FROM', 'VALUE'],
        settings.map((setting) => [setting.path, setting.origin, setting.value || '(nothing)']),
      ),
    )
  })

  const check = withJson(withCommonOptions(config.command('check'))).description(
    'say what keeps the settings and the files they name from being used, and what is probably not meant',
  )
  check.action(async () => {
    const options = check.opts<Common>()
    // Root may read what the server may not.
    await becomeOwner(dataDirectory(options, process), process)
    const [{ readSettings }, { findWarnings }] = await Promise.all([
      import('./store-context.ts'),
      import('#shared/settings/warnings.ts'),
    ])
    const { settings } = await readSettings(options, process)
    const warnings = [...findWarnings(settings), ...(await certificateProblems(settings))]
    await checkFiles(settings)
    for (const warning of warnings) warn(process, warning)
    createOutput(options.json === true, process.write, process.columns).print({ warnings }, () => [
      warnings.length === 0
        ? 'the configuration is good'
        : 'the server starts with this configuration',
    ])
  })
}

/** What the start reads and writes beside the certificate. */
async function checkFiles(settings: Settings): Promise<void> {
  const { relayhostPasswordFile, smtpTlsCertFile, smtpTlsKeyFile, log } = settings
  const [{ openCountries }, { webhookSecretFrom }, { trustedCertificates }, { readPair }] =
    await Promise.all([
      import('#services/assembly/countries.ts'),
      import('#services/assembly/content.ts'),
      import('#services/assembly/trusted-certificates.ts'),
      import('#shared/net/tls/certificate-files.ts'),
    ])
  await openCountries(settings)
  await webhookSecretFrom(settings)
  if (relayhostPasswordFile !== '') {
    await explained('cannot read relayhostPasswordFile', readFile(relayhostPasswordFile, 'utf8'))
  }
  for (const name of ['smtpTlsCAfile', 'smtpdTlsCAfile'] as const) {
    if (settings[name] !== '') await trustedCertificates(settings[name], name)
  }
  if (smtpTlsCertFile !== '') {
    await explained(
      'cannot use the certificate of smtpTlsCertFile and smtpTlsKeyFile',
      readPair({ certificateFile: smtpTlsCertFile, keyFile: smtpTlsKeyFile }),
    )
  }
  if (log.file !== '') {
    // Not opened: a file that root makes here the server could not write to.
    const place = existsSync(log.file) ? log.file : dirname(log.file)
    await explained('cannot open the log', access(place, constants.W_OK))
  }
}

async function certificateProblems({ tls, hostname }: Settings): Promise<string[]> {
  const { certificateFile, keyFile } = tls
  if (certificateFile === '') {
    return ['tls.certificateFile: without one, clients are shown a self-signed certificate']
  }
  const [{ readPair }, { certificateWarnings }] = await Promise.all([
    import('#shared/net/tls/certificate-files.ts'),
    import('#shared/net/tls/certificate-warnings.ts'),
  ])
  const pair = await explained(
    'cannot use the certificate of tls.certificateFile and tls.keyFile',
    readPair({ certificateFile, keyFile }),
  )
  return certificateWarnings(pair, hostname, Date.now()).map(
    (reason) => `tls.certificateFile: clients may refuse the certificate: ${reason}`,
  )
}
