// Where scripts of accounts are kept and what they may say, as the settings have it: for ManageSieve, the command line and the API.

import type { Directory } from '#shared/directory/directory.ts'
import type { Settings } from '#shared/settings/table.ts'
import { createScriptShelf } from '#shared/sieve/shelf.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'

export const assembleScripts = ({ scripts }: Pick<Directory, 'scripts'>, settings: Settings) => ({
  shelf: createScriptShelf({
    scripts,
    vocabulary,
    limits: {
      scriptBytesMax: settings.sieveMaxScriptSize,
      scriptsMax: settings.sieveQuotaMaxScripts,
      storageBytesMax: settings.sieveQuotaMaxStorage,
    },
  }),
  extensions: [...vocabulary.extensions],
  maxRedirects: settings.sieveMaxRedirects,
})
