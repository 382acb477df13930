// The shelf with the limits of the settings. The language is loaded where a script is put or tried: other commands start faster without it.

import type { ScriptShelf } from '#shared/sieve/shelf.ts'
import type { AdministrationDeps } from '../deps.ts'

export async function openShelf({
  directory,
  settings,
}: Pick<AdministrationDeps, 'directory' | 'settings'>): Promise<ScriptShelf> {
  const [{ createScriptShelf }, { vocabulary }] = await Promise.all([
    import('#shared/sieve/shelf.ts'),
    import('#shared/sieve/vocabulary.ts'),
  ])
  return createScriptShelf({
    scripts: directory.scripts,
    vocabulary,
    limits: {
      scriptBytesMax: settings.sieveMaxScriptSize,
      scriptsMax: settings.sieveQuotaMaxScripts,
      storageBytesMax: settings.sieveQuotaMaxStorage,
    },
  })
}
