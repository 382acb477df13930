// For `node --import`: writes which modules the process has loaded into the file LOADED_MODULES, as it ends. Packages whose names
// begin with NOT_INSTALLED are not found.

import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const loaded = new Set()
const missing = process.env.NOT_INSTALLED
registerHooks({
  resolve(specifier, context, next) {
    if (missing && specifier.startsWith(missing)) {
      throw Object.assign(new Error(specifier), { code: 'ERR_MODULE_NOT_FOUND' })
    }
    return next(specifier, context)
  },
  load(url, context, next) {
    loaded.add(url)
    return next(url, context)
  },
})
process.on('exit', () => writeFileSync(process.env.LOADED_MODULES, JSON.stringify([...loaded])))
