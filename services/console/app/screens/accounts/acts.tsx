// What is done with an account, from its row and from its page.

import { call } from '../../api/client.ts'
import type { Account } from '../../api/directory.ts'
import { ApiFailure } from '../../api/problem.ts'
import { may } from '../../api/session.ts'
import { confirm } from '../../kit/dialog.tsx'
import { formatBytes } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { navigate } from '../../kit/location.ts'
import type { MenuItem } from '../../kit/menu.tsx'
import { Status } from '../../kit/panel.tsx'
import { toast } from '../../kit/toast.tsx'
import { segment } from '../../routes.ts'

export function AccountStatus({ account }: { readonly account: Account }) {
  if (!account.enabled) return <Status look="info">{t('account.disabled')}</Status>
  if (account.frozen?.isContained) return <Status look="warn">{t('account.contained')}</Status>
  if (account.frozen) return <Status look="warn">{t('account.frozen')}</Status>
  return <Status look="ok">{t('account.enabled')}</Status>
}

export const pathOf = ({ address }: Pick<Account, 'address'>) => `/accounts/${segment(address)}`

export function acts(account: Account, changed: () => void): readonly MenuItem[] {
  const { address, enabled, frozen } = account
  const items: MenuItem[] = []
  if (may('directory.write')) {
    items.push({
      label: enabled ? t('account.disable') : t('account.enable'),
      act: () => setEnabled(account, !enabled, changed),
    })
    // What is contained is released, on its page: that undoes all of it.
    if (frozen?.isContained !== true)
      items.push(
        frozen
          ? { label: t('account.unfreeze'), act: () => unfreeze(account, changed) }
          : { label: t('account.freeze'), act: () => freeze(account, changed) },
      )
  }
  if (may('directory.write')) {
    items.push({
      label: t('account.delete'),
      isDangerous: true,
      act: async () => {
        if (!(await remove(account))) return
        changed()
        if (location.pathname.startsWith(`/accounts/${segment(address)}`)) {
          await navigate('/accounts')
        }
      },
    })
  }
  return items
}

/** Of the newest version: one switch, whatever else somebody changed. */
async function patchNow(path: string, body: object): Promise<void> {
  const { etag } = await call('GET', path)
  await call('PATCH', path, { body, etag })
}

async function setEnabled(account: Account, enabled: boolean, changed: () => void) {
  const { address } = account
  await patchNow(pathOf(account), { enabled })
  changed()
  toast({
    text: t(enabled ? 'account.wasEnabled' : 'account.wasDisabled', { address }),
    undo: async () => {
      await patchNow(pathOf(account), { enabled: !enabled })
      changed()
    },
  })
}

async function freeze(account: Account, changed: () => void) {
  const { address } = account
  await call('POST', `${pathOf(account)}:freeze`, { body: { reason: t('account.freezeReason') } })
  changed()
  toast({
    text: t('account.wasFrozen', { address }),
    undo: async () => {
      await call('POST', `${pathOf(account)}:unfreeze`, { body: { release: true } })
      changed()
    },
  })
}

async function unfreeze(account: Account, changed: () => void) {
  const { address } = account
  const done = await confirm({
    title: t('account.unfreeze'),
    text: <p>{t('account.unfreezeText', { address })}</p>,
    verb: t('account.unfreeze'),
    act: () => call('POST', `${pathOf(account)}:unfreeze`, { body: { release: true } }),
  })
  if (!done) return
  changed()
  toast({ text: t('account.wasUnfrozen', { address }) })
}

async function remove(account: Account): Promise<boolean> {
  const { address, messages, usedBytes } = account
  const done = await confirm({
    title: t('account.deleteTitle', { address }),
    text: <p>{t('account.deleteText', { count: messages, size: formatBytes(usedBytes) })}</p>,
    verb: t('account.delete'),
    isDangerous: true,
    typed: address,
    act: async () => {
      const { etag } = await call('GET', pathOf(account))
      try {
        await call('DELETE', pathOf(account), { etag })
      } catch (error) {
        // Gone already: that is what was wanted.
        if (!(error instanceof ApiFailure) || error.problem.status !== 404) throw error
      }
    },
  })
  if (done) toast({ text: t('account.wasDeleted', { address }) })
  return done
}
