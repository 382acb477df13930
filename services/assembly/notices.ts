// Notices of delivery as the settings have them.

import { readFileSync } from 'node:fs'
import { createDoubt } from '#services/delivery/notices/doubt.ts'
import {
  createNotices,
  type NoticeOptions,
  type Notices,
} from '#services/delivery/notices/notices.ts'
import { createReadOriginal } from '#services/delivery/notices/original.ts'
import type { Language } from '#shared/mail/dsn/notice-text.ts'
import { parseTemplates, TEMPLATES_BYTES_MAX, type Templates } from '#shared/mail/dsn/template.ts'
import { takeRandomBytes } from '#shared/runtime/random-bytes.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import { homeDomain, originDomain } from '#shared/settings/own-domains.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Backend } from './backend.ts'
import { StartFailure } from './start-failure.ts'

export function assembleNotices({ store, settings, log }: Backend): Notices {
  return createNotices({
    readOriginal: createReadOriginal(store.objects, settings),
    newName: () => Buffer.from(takeRandomBytes(NAME_BYTES)).toString('hex'),
    options: noticeOptions(settings),
    log: log.child({ service: 'delivery' }),
  })
}

const NAME_BYTES = 15

function noticeOptions(settings: Settings): NoticeOptions {
  const { hostname } = settings
  const orPostmaster = (address: string) => address || `postmaster@${hostname}`
  const [first = 'en', ...more]: readonly Language[] = settings.noticeLanguages
  return {
    hostname,
    domain: originDomain(settings),
    mydomain: homeDomain(settings),
    maximalQueueLifetime: settings.maximalQueueLifetime,
    delayWarningTime: settings.delayWarningTime,
    confirmDelayCleared: settings.confirmDelayCleared,
    noticeLanguages: [first, ...more],
    templates: templatesIn(settings.bounceTemplateFile),
    notifyClasses: settings.notifyClasses,
    doubleBounceAddress: `${settings.doubleBounceSender}@${hostname}`,
    bounceNoticeRecipient: orPostmaster(settings.bounceNoticeRecipient),
    doubleBounceNoticeRecipient: orPostmaster(settings['2bounceNoticeRecipient']),
    delayNoticeRecipient: orPostmaster(settings.delayNoticeRecipient),
    errorNoticeRecipient: orPostmaster(settings.errorNoticeRecipient),
    whyDoubted: createDoubt(createNetworkMatcher(settings.mynetworks)),
  }
}

/** Once in a process for each path: what comes into the file later waits for the next start. */
const templatesOf = new Map<string, Templates>()

function templatesIn(path: string): Templates {
  const known = path === '' ? {} : (templatesOf.get(path) ?? readTemplates(path))
  templatesOf.set(path, known)
  return known
}

function readTemplates(path: string): Templates {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw new StartFailure(`cannot read bounceTemplateFile: ${String(error)}`, { cause: error })
  }
  if (bytes.length > TEMPLATES_BYTES_MAX) {
    throw new StartFailure(`${path} is larger than ${TEMPLATES_BYTES_MAX} bytes`)
  }
  const templates = parseTemplates(bytes.toString('utf8'))
  if (typeof templates === 'string') throw new StartFailure(`${path}: ${templates}`)
  return templates
}
