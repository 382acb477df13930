// For `node --import`: writes which modules the process has loaded into the file LOADED_MODULES, as it ends.

import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const loaded = new Set()
registerHooks({
  load(url, context, next) {
    loaded.add(url)
    return next(url, context)
  },
})
process.on('exit', () => writeFileSync(process.env.LOADED_MODULES, JSON.stringify([...loaded])))
