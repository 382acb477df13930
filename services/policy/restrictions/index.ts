// Every word and the file that makes it.

import type { WordName } from '#shared/settings/restrictions/words.ts'
import type { Word } from '../word.ts'
import { checks } from './check-access.ts'
import { check_policy_service } from './check-policy-service.ts'
import { serverChecks } from './check-server-access.ts'
import * as defers from './defer.ts'
import { permit } from './permit.ts'
import * as dnswl from './permit-dnswl.ts'
import { permit_inet_interfaces } from './permit-inet-interfaces.ts'
import { permit_mx_backup } from './permit-mx-backup.ts'
import { permit_mynetworks } from './permit-mynetworks.ts'
import { permit_naked_ip_address } from './permit-naked-ip-address.ts'
import { permit_pop_before_smtp } from './permit-pop-before-smtp.ts'
import { permit_sasl_authenticated } from './permit-sasl-authenticated.ts'
import { permit_tls_all_clientcerts } from './permit-tls-all-clientcerts.ts'
import { permit_tls_clientcerts } from './permit-tls-clientcerts.ts'
import { reject } from './reject.ts'
import * as heloHostname from './reject-helo-hostname.ts'
import { reject_multi_recipient_bounce } from './reject-multi-recipient-bounce.ts'
import * as nonFqdn from './reject-non-fqdn.ts'
import { reject_plaintext_session } from './reject-plaintext-session.ts'
import { reject_rbl_client } from './reject-rbl-client.ts'
import * as rhsbl from './reject-rhsbl.ts'
import * as loginMismatch from './reject-sender-login-mismatch.ts'
import { reject_unauth_pipelining } from './reject-unauth-pipelining.ts'
import * as unknownClient from './reject-unknown-client-hostname.ts'
import * as unknownDomain from './reject-unknown-domain.ts'
import * as unlisted from './reject-unlisted.ts'
import * as unverified from './reject-unverified.ts'
import { sleep } from './sleep.ts'
import * as unauthDestination from './unauth-destination.ts'

export const words: { readonly [name in WordName]: Word } = {
  permit,
  reject,
  ...defers,
  sleep,
  permit_mynetworks,
  permit_inet_interfaces,
  permit_naked_ip_address,
  permit_sasl_authenticated,
  permit_tls_all_clientcerts,
  permit_mx_backup,
  permit_tls_clientcerts,
  ...unauthDestination,
  reject_plaintext_session,
  reject_unauth_pipelining,
  reject_multi_recipient_bounce,
  ...unlisted,
  ...nonFqdn,
  ...loginMismatch,
  ...unknownClient,
  ...heloHostname,
  ...unknownDomain,
  ...unverified,
  ...checks,
  ...serverChecks,
  reject_rbl_client,
  ...rhsbl,
  ...dnswl,
  permit_pop_before_smtp,
  check_policy_service,
}
