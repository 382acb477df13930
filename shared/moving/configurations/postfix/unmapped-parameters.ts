// Parameters of Postfix 3.7 that have no setting here, in groups that have one reason: what they were for is not there, or is done another way, or
// is not done. A test holds all names against `postconf -d`.

export type Unmapped = {
  readonly kind: 'not-needed' | 'not-supported'
  readonly because: string
  readonly names: string
  /** Of names that Postfix makes, of each transport and each program: how they begin, and how they end. */
  readonly made?: { readonly starts: readonly string[]; readonly ends?: readonly string[] }
}

const transports = ['smtp', 'lmtp', 'local', 'relay', 'virtual', 'error', 'retry']
const queueWords = [
  ...['delivery_slot_', 'extra_', 'minimum_', 'recipient_refill_', 'recipient_limit'],
  'transport_rate_',
]
const startsOf = (what: readonly string[], of: readonly string[]) =>
  of.flatMap((transport) => what.map((word) => `${transport}_${word}`))

export const unmappedParameters: readonly Unmapped[] = [
  {
    kind: 'not-needed',
    because: 'Postfix consists of programs, folders and users that are not here',
    made: { starts: [''], ends: ['_service_name'] },
    names: `alternate_config_directories command_directory config_directory daemon_directory data_directory debugger_command
      export_environment import_environment html_directory mail_owner mail_name mail_release_date mail_version mailq_path manpage_directory
      master_service_disable meta_directory newaliases_path openssl_path process_id process_id_directory process_name queue_directory
      readme_directory sample_directory sendmail_path service_name setgid_group shlib_directory default_privs stress syslog_name
      maillog_file_compressor maillog_file_prefixes maillog_file_rotate_suffix postlogd_watchdog_timeout info_log_address_format
      smtpd_sasl_service`,
  },
  {
    kind: 'not-needed',
    because: 'how programs of Postfix start, wait for each other and lock files',
    names: `application_event_drain_time daemon_table_open_error_is_fatal daemon_timeout deliver_lock_attempts deliver_lock_delay
      fork_attempts fork_delay ipc_idle ipc_timeout ipc_ttl max_idle max_use service_throttle_time stale_lock_time transport_retry_time
      trigger_timeout qmgr_daemon_timeout qmgr_ipc_timeout qmgr_clog_warn_time qmgr_fudge_factor qmgr_message_recipient_limit
      qmgr_message_recipient_minimum in_flow_delay queue_run_delay hash_queue_depth hash_queue_names dont_remove
      destination_concurrency_feedback_debug fault_injection_code anvil_status_update_time virtual_mailbox_lock mailbox_delivery_lock
      queue_file_attribute_count_limit duplicate_filter_limit enable_long_queue_ids delay_logging_resolution_limit`,
  },
  {
    kind: 'not-needed',
    because: 'more than one Postfix on a machine',
    made: { starts: ['multi_instance_', 'postmulti_'] },
    names: '',
  },
  {
    kind: 'not-needed',
    because: 'how tables are kept: here they are in the directory, or read once by an import',
    names: `alias_database address_verify_map address_verify_cache_cleanup_interval berkeley_db_create_buffer_size
      berkeley_db_read_buffer_size default_database_type lmdb_map_size proxy_read_maps proxy_write_maps
      show_user_unknown_table_name known_tcp_ports`,
  },
  {
    kind: 'not-needed',
    because: 'Postfix told of what is older than it, or how careful to be with old configurations',
    names: `backwards_bounce_logfile_compatibility compatibility_level helpful_warnings sun_mailtool_compatibility
      enable_idna2003_compatibility respectful_logging swap_bangpath allow_percent_hack dns_ncache_ttl_fix_enable dnssec_probe
      smtpd_relay_before_recipient_restrictions`,
  },
  {
    kind: 'not-needed',
    because:
      'mail for accounts is delivered by this system itself: nothing writes files, and there are no users of the machine',
    names: `allow_min_user biff home_mailbox local_recipient_maps local_transport mail_spool_directory mailbox_transport
      mailbox_transport_maps relay_transport require_home_directory strict_mailbox_ownership virtual_gid_maps
      virtual_mailbox_base virtual_mailbox_limit virtual_minimum_uid virtual_transport virtual_uid_maps forward_path
      frozen_delivered_to prepend_delivered_header reset_owner_alias local_login_sender_maps
      empty_address_local_login_sender_maps_lookup_key rewrite_service_name`,
  },
  {
    kind: 'not-supported',
    because: 'mail is given to no program and no file',
    names: `allow_mail_to_commands allow_mail_to_files command_execution_directory command_expansion_filter command_time_limit
      execution_directory_expansion_filter expand_owner_alias fallback_transport fallback_transport_maps forward_expansion_filter
      local_command_shell mailbox_command mailbox_command_maps owner_request_special`,
  },
  {
    kind: 'not-supported',
    because: 'delivery by programs of master.cf is not there',
    made: {
      starts: ['bsmtp_', 'ifmail_', 'maildrop_', 'mailman_', 'scalemail-backend_', 'uucp_'],
    },
    names: '',
  },
  {
    kind: 'not-needed',
    because:
      'the queue manager here schedules by itself; `transportLimits` says what holds for one transport',
    made: { starts: startsOf(queueWords, [...transports, 'default']) },
    names: '',
  },
  {
    kind: 'not-supported',
    because: 'no limit of its own for this transport comes over: `transportLimits` can have one',
    made: { starts: startsOf(['destination_', 'initial_destination_'], transports) },
    names: '',
  },
  {
    kind: 'not-needed',
    because:
      'strangers are judged in the listener itself, by `smtpdGreetPause` and by restrictions',
    made: { starts: ['postscreen_'] },
    names: 'dnsblog_reply_delay',
  },
  {
    kind: 'not-needed',
    because: 'a program of Postfix that keeps TLS connections; here each session has its own',
    made: { starts: ['tlsproxy_'] },
    names: '',
  },
  {
    kind: 'not-needed',
    because:
      "delivery to this machine's own mailboxes needs no LMTP; other hosts are reached by `transportMaps`, with what `smtp…` settings say",
    made: { starts: ['lmtp_'] },
    names: '',
  },
  {
    kind: 'not-needed',
    because: 'Node and its OpenSSL decide it, with what is safe today',
    made: { starts: ['tls_'] },
    names: `smtpd_tls_ciphers smtpd_tls_eecdh_grade smtpd_tls_exclude_ciphers smtpd_tls_mandatory_ciphers
      smtpd_tls_mandatory_exclude_ciphers smtpd_tls_dh1024_param_file smtpd_tls_dh512_param_file smtpd_tls_loglevel
      smtpd_tls_session_cache_database smtpd_tls_session_cache_timeout smtpd_tls_always_issue_session_ids
      smtpd_tls_ccert_verifydepth smtpd_tls_fingerprint_digest smtpd_tls_received_header smtpd_starttls_timeout
      smtp_tls_loglevel smtp_tls_session_cache_database smtp_tls_session_cache_timeout smtp_tls_connection_reuse
      smtp_tls_fingerprint_digest smtp_tls_exclude_ciphers smtp_tls_mandatory_exclude_ciphers smtp_tls_scert_verifydepth
      smtp_tls_note_starttls_offer smtp_tls_block_early_mail_reply smtp_tls_force_insecure_host_tlsa_lookup
      smtp_tls_dane_insecure_mx_policy smtp_tls_CApath smtpd_tls_CApath tcp_windowsize`,
  },
  {
    kind: 'not-supported',
    because:
      'one certificate and key in PEM each is taken: `tls.certificateFile`, `tls.keyFile`, `smtpTlsCertFile`',
    names: `smtpd_tls_chain_files smtpd_tls_dcert_file smtpd_tls_dkey_file smtpd_tls_eccert_file smtpd_tls_eckey_file
      smtp_tls_chain_files smtp_tls_dcert_file smtp_tls_dkey_file smtp_tls_eccert_file smtp_tls_eckey_file`,
  },
  {
    kind: 'not-supported',
    because: '`smtpTlsPolicyMaps` says it for each destination',
    names: `smtp_enforce_tls smtp_use_tls smtp_tls_per_site smtp_tls_enforce_peername smtp_tls_secure_cert_match
      smtp_tls_verify_cert_match smtp_tls_servername smtp_tls_trust_anchor_file smtp_tls_wrappermode`,
  },
  {
    kind: 'not-needed',
    because:
      'TLS is offered wherever it is spoken; `submissionRequireTls` and `disablePlaintextAuth` say where it must be',
    names: 'smtpd_enforce_tls smtpd_use_tls smtpd_tls_wrappermode',
  },
  {
    kind: 'not-supported',
    because:
      'certificates of clients are asked for and not demanded (`smtpdTlsAskCcert`, `check_ccert_access`)',
    names: 'smtpd_tls_req_ccert',
  },
  {
    kind: 'not-needed',
    because: 'logins are those of accounts here: nothing is asked of Dovecot or Cyrus SASL',
    names: `cyrus_sasl_config_path send_cyrus_sasl_authzid smtpd_sasl_exceptions_networks smtpd_sasl_local_domain
      smtpd_sasl_mechanism_filter smtpd_sasl_path smtpd_sasl_response_limit smtpd_sasl_security_options
      smtpd_sasl_tls_security_options smtpd_sasl_type`,
  },
  {
    kind: 'not-needed',
    because:
      '`relayhostUser` and `relayhostPasswordFile` are used wherever the relay host offers a login over TLS',
    made: { starts: ['smtp_sasl_'] },
    names: 'smtp_send_dummy_mail_auth',
  },
  {
    kind: 'not-supported',
    because: 'one login, for the relay host',
    names: 'smtp_sender_dependent_authentication empty_address_relayhost_maps_lookup_key',
  },
  {
    kind: 'not-supported',
    because:
      'routes are by recipient (`transportMaps`) and relay hosts by sender (`senderDependentRelayhostMaps`)',
    names: `sender_dependent_default_transport_maps empty_address_default_transport_maps_lookup_key best_mx_transport
      defer_transports`,
  },
  {
    kind: 'not-supported',
    because: 'probes of addresses go the way that mail goes',
    made: {
      starts: ['address_verify_'],
      ends: ['transport', 'transport_maps', 'relayhost', 'relayhost_maps'],
    },
    names: `address_verify_pending_request_limit address_verify_sender_dependent_default_transport_maps
      address_verify_sender_dependent_relayhost_maps address_verify_sender_ttl smtp_address_verify_target`,
  },
  {
    kind: 'not-supported',
    because: 'header fields and bodies are looked at as mail comes in, with one set of patterns',
    names: `smtp_header_checks smtp_mime_header_checks smtp_nested_header_checks smtp_body_checks milter_header_checks
      receive_override_options internal_mail_filter_classes`,
  },
  {
    kind: 'not-supported',
    because: 'replies to clients cannot be changed by tables',
    names: `smtpd_command_filter smtpd_reject_footer smtpd_reject_footer_maps smtpd_dns_reply_filter smtp_dns_reply_filter
      smtp_reply_filter default_delivery_status_filter local_delivery_status_filter pipe_delivery_status_filter
      smtp_delivery_status_filter virtual_delivery_status_filter smtpd_discard_ehlo_keyword_address_maps
      smtpd_discard_ehlo_keywords smtp_discard_ehlo_keyword_address_maps`,
  },
  {
    kind: 'not-needed',
    because: 'lines end with CR and LF here, always',
    names: `smtpd_forbid_bare_newline smtpd_forbid_bare_newline_exclusions smtpd_forbid_bare_newline_reject_code
      cleanup_replace_stray_cr_lf`,
  },
  {
    kind: 'not-supported',
    because: '`reject_unauth_pipelining` in a list of restrictions is what there is',
    names: 'smtpd_forbid_unauth_pipelining smtpd_forbidden_commands',
  },
  {
    kind: 'not-supported',
    because: 'is not told apart here',
    names: `smtpd_expansion_filter smtpd_history_flush_threshold smtpd_junk_command_limit smtpd_log_access_permit_actions
      smtpd_min_data_rate smtpd_noop_commands smtpd_null_access_lookup_key smtpd_peername_lookup smtpd_per_request_deadline
      smtpd_recipient_overshoot_limit smtpd_delay_open_until_valid_rcpt smtpd_client_port_logging smtpd_upstream_proxy_timeout
      smtpd_milter_maps milter_macro_defaults milter_unknown_command_macros unknown_virtual_alias_reject_code
      unknown_virtual_mailbox_reject_code virtual_alias_address_length_limit parent_domain_matches_subdomains
      smtpd_authorized_verp_clients smtpd_tls_mandatory_protocols`,
  },
  {
    kind: 'not-supported',
    because:
      'mail is filtered by `contentFilter`, `clamd`, `rspamd`, milters and the webhook, and not by a proxy before the queue',
    names: `smtpd_proxy_ehlo smtpd_proxy_filter smtpd_proxy_options smtpd_proxy_timeout default_filter_nexthop
      non_smtpd_milters smtpd_authorized_xclient_hosts smtpd_authorized_xforward_hosts smtp_send_xforward_command
      smtp_xforward_timeout`,
  },
  {
    kind: 'not-supported',
    because: 'ETRN and QMQP are not offered',
    made: { starts: ['qmqpd_', 'fast_flush_'] },
    names: 'smtpd_etrn_restrictions',
  },
  {
    kind: 'not-needed',
    because: 'how this machine speaks to others is fixed',
    names: `smtp_always_send_ehlo smtp_never_send_ehlo smtp_balance_inet_protocols smtp_bind_address_enforce
      smtp_cname_overrides_servername smtp_connection_cache_destinations smtp_connection_cache_time_limit
      smtp_connection_reuse_count_limit smtp_defer_if_no_mx_address_found smtp_dns_resolver_options smtp_host_lookup
      smtp_min_data_rate smtp_per_request_deadline smtp_pix_workaround_delay_time smtp_pix_workaround_maps
      smtp_pix_workaround_threshold_time smtp_pix_workarounds smtp_quote_rfc821_envelope smtp_randomize_addresses
      smtp_skip_5xx_greeting smtp_skip_quit_response smtp_tcp_port connection_cache_protocol_timeout
      connection_cache_status_update_time connection_cache_ttl_limit disable_dns_lookups resolve_dequoted_address
      resolve_null_domain resolve_numeric_domain allow_untrusted_routing`,
  },
  {
    kind: 'not-needed',
    because: 'how mail is read and mended is fixed: as Postfix does it by itself',
    names: `append_at_myorigin detect_8bit_encoding_header disable_mime_input_processing empty_address_recipient
      enable_original_recipient enable_threaded_bounces header_address_token_limit header_from_format header_size_limit
      line_length_limit mime_boundary_length_limit mime_nesting_limit remote_header_rewrite_domain sendmail_fix_line_endings
      smtputf8_autodetect_classes smtputf8_enable strict_7bit_headers strict_8bitmime strict_8bitmime_body
      strict_mime_encoding_domain strict_smtputf8 undisclosed_recipients_header default_verp_delimiters disable_verp_bounces
      verp_delimiter_filter`,
  },
  {
    kind: 'not-needed',
    because: 'who may look at the queue is who may use the command line, or has a role',
    names: 'authorized_flush_users authorized_mailq_users',
  },
  {
    kind: 'not-supported',
    because: 'write the lists of DNS into restrictions: `reject_rbl_client zone`',
    names: 'maps_rbl_domains',
  },
]

export function isMade(name: string, { made }: Pick<Unmapped, 'made'>): boolean {
  if (made === undefined) return false
  const { starts, ends = [''] } = made
  return starts.some((start) => name.startsWith(start)) && ends.some((end) => name.endsWith(end))
}
