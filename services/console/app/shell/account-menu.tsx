// Who one is: one's own pages, language, scheme, keys, the way out.

import { current, isAdministrator, signOut } from '../api/session.ts'
import { chooseLanguage, language, t, tIfKnown } from '../kit/language.ts'
import { navigate } from '../kit/location.ts'
import { Menu } from '../kit/menu.tsx'
import { openKeys } from './keys.tsx'
import { nextScheme, scheme } from './scheme.ts'

export function AccountMenu() {
  const session = current()
  if (session === undefined) return null
  const { address } = session.account
  const role = tIfKnown(`role.${session.role}`) ?? session.role
  return (
    <div class="who">
      <span class="who-name" title={address}>
        {address}
        {isAdministrator() && <span class="meta">{role}</span>}
      </span>
      <Menu
        label={t('frame.account')}
        icon="accounts"
        isIconOnly
        items={[
          { label: t('me.title'), act: () => navigate('/me') },
          {
            label: language.value === 'en' ? 'Deutsch' : 'English',
            act: () => chooseLanguage(language.value === 'en' ? 'de' : 'en'),
          },
          { label: t(`scheme.${scheme.value}`), act: nextScheme },
          { label: t('keys.title'), act: openKeys },
          { label: t('act.signOut'), act: signOut },
        ]}
      />
    </div>
  )
}
