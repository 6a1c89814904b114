set -u
export AWS_PAGER=''

dry_run='' undo="undo-$(date -u +%Y%m%dT%H%M%SZ)-$$.sh" failed='' done_count=0
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=yes ;;
    --undo) undo=${2:?--undo needs a file}; shift ;;
    *) printf 'usage: sh %s [--dry-run] [--undo FILE]\n' "$0" >&2; exit 2 ;;
  esac
  shift
done
exec 3>&1

account=$(command aws sts get-caller-identity --query Account --output text) || exit 1
case " $accounts " in
  *" $account "*) ;;
  *) printf 'these credentials are of account %s; the plan is for %s\n' "$account" "$accounts" >&2; exit 1 ;;
esac

# quote WORD: the word for a shell.
quote() {
  printf "'"
  printf '%s' "$1" | sed "s/'/'\\\\''/g"
  printf "'"
}

# aws ...: the AWS CLI; a change is only printed with --dry-run, and its undo is written down before it is made.
aws() {
  case ${2:-} in
    get-* | list-* | describe-* | head-* | wait) command aws "$@" ;;
    *)
      if [ -n "$dry_run" ]; then
        {
          printf 'aws'
          for word; do printf ' %s' "$(quote "$word")"; done
          printf '\n'
        } >&3
        return 0
      fi
      remember "$@"
      command aws "$@"
      ;;
  esac
}

# remember SERVICE OPERATION ...: writes down how to undo a change.
remember() {
  service=$1 operation=$2 target='' changed=''
  shift 2
  for word; do
    case $word in
      --timeout | --memory-size | --snap-start | --vpc-config | --is-multi-region-trail | --enable-log-file-validation) changed=$word ;;
    esac
  done
  while [ $# -gt 1 ]; do
    case $1 in
      --bucket | --region | --account-id | --function-name | --qualifier | --trail-name | --name | --key-id | --policy-arn)
        target="$target $1 $(quote "$2")"
        shift
        ;;
    esac
    shift
  done
  case "$service $operation" in
    's3api put-bucket-policy' | 's3api delete-bucket-policy')
      restore get-bucket-policy Policy text 'put-bucket-policy --policy' delete-bucket-policy ;;
    's3api put-public-access-block')
      restore get-public-access-block PublicAccessBlockConfiguration json \
        'put-public-access-block --public-access-block-configuration' delete-public-access-block ;;
    's3control put-public-access-block')
      restore get-public-access-block PublicAccessBlockConfiguration json \
        'put-public-access-block --public-access-block-configuration' delete-public-access-block ;;
    's3api put-bucket-encryption')
      restore get-bucket-encryption ServerSideEncryptionConfiguration json \
        'put-bucket-encryption --server-side-encryption-configuration' delete-bucket-encryption ;;
    's3api put-bucket-versioning')
      restore get-bucket-versioning '{Status: Status || `Suspended`}' json \
        'put-bucket-versioning --versioning-configuration' '' ;;
    's3api put-bucket-ownership-controls')
      restore get-bucket-ownership-controls OwnershipControls json \
        'put-bucket-ownership-controls --ownership-controls' delete-bucket-ownership-controls ;;
    's3api put-bucket-acl')
      restore get-bucket-acl '{Owner: Owner, Grants: Grants}' json 'put-bucket-acl --access-control-policy' '' ;;
    's3api put-bucket-logging')
      restore get-bucket-logging @ json 'put-bucket-logging --bucket-logging-status' '' ;;
    's3api put-bucket-lifecycle-configuration' | 's3api delete-bucket-lifecycle')
      restore get-bucket-lifecycle-configuration '{Rules: Rules}' json \
        'put-bucket-lifecycle-configuration --lifecycle-configuration' delete-bucket-lifecycle ;;
    's3api put-bucket-replication' | 's3api delete-bucket-replication')
      restore get-bucket-replication ReplicationConfiguration json \
        'put-bucket-replication --replication-configuration' delete-bucket-replication ;;
    's3api delete-bucket-website')
      restore get-bucket-website @ json 'put-bucket-website --website-configuration' '' ;;
    's3api put-object-lock-configuration')
      restore get-object-lock-configuration ObjectLockConfiguration json \
        'put-object-lock-configuration --object-lock-configuration' '' ;;
    'lambda update-function-url-config')
      restore get-function-url-config AuthType text 'update-function-url-config --auth-type' '' ;;
    'lambda update-function-configuration')
      case $changed in
        --timeout) restore get-function-configuration Timeout text 'update-function-configuration --timeout' '' ;;
        --memory-size) restore get-function-configuration MemorySize text 'update-function-configuration --memory-size' '' ;;
        --snap-start)
          restore get-function-configuration '{ApplyOn: SnapStart.ApplyOn}' json 'update-function-configuration --snap-start' '' ;;
        --vpc-config)
          restore get-function-configuration '{SubnetIds: VpcConfig.SubnetIds, SecurityGroupIds: VpcConfig.SecurityGroupIds}' json \
            'update-function-configuration --vpc-config' '' ;;
        *) no_undo ;;
      esac
      ;;
    'lambda put-provisioned-concurrency-config' | 'lambda delete-provisioned-concurrency-config')
      restore get-provisioned-concurrency-config RequestedProvisionedConcurrentExecutions text \
        'put-provisioned-concurrency-config --provisioned-concurrent-executions' delete-provisioned-concurrency-config ;;
    'lambda remove-permission')
      keep get-policy Policy ;;
    'cloudtrail update-trail')
      case $changed in
        --is-multi-region-trail) restore_flag get-trail Trail.IsMultiRegionTrail update-trail is-multi-region-trail ;;
        --enable-log-file-validation) restore_flag get-trail Trail.LogFileValidationEnabled update-trail enable-log-file-validation ;;
        *) no_undo ;;
      esac
      ;;
    'cloudtrail put-event-selectors')
      case $(eval "command aws cloudtrail get-event-selectors $target --query AdvancedEventSelectors --output json" 2>/dev/null) in
        '' | null | '[]') restore get-event-selectors EventSelectors json 'put-event-selectors --event-selectors' '' ;;
        *) restore get-event-selectors AdvancedEventSelectors json 'put-event-selectors --advanced-event-selectors' '' ;;
      esac
      ;;
    'cloudtrail start-logging')
      [ "$(eval "command aws cloudtrail get-trail-status $target --query IsLogging --output text")" = True ] ||
        note_undo "aws cloudtrail stop-logging$target" ;;
    'kms enable-key-rotation')
      [ "$(eval "command aws kms get-key-rotation-status $target --query KeyRotationEnabled --output text")" = True ] ||
        note_undo "aws kms disable-key-rotation$target" ;;
    'kms enable-key') note_undo "aws kms disable-key$target" ;;
    *) no_undo ;;
  esac
}

# restore GET QUERY FORM PUT DELETE: puts back what GET answers, or deletes where there was nothing.
restore() {
  if old=$(eval "command aws $service $1 $target" '--query "$2" --output "$3"' 2>&1); then
    if [ -z "$old" ] && [ "$3" = json ]; then old='{}'; fi
    if [ "$old" = null ] || { [ "$old" = None ] && [ "$3" = text ]; }; then
      gone "$5"
    else
      note_undo "aws $service $4 $(quote "$old")$target"
    fi
  else
    case $old in
      *NoSuch* | *NotFound* | *DoesNotExist*) gone "$5" ;;
      *) no_undo ;;
    esac
  fi
}

# gone DELETE: there was nothing before.
gone() {
  if [ -n "$1" ]; then note_undo "aws $service $1$target"; else no_undo; fi
}

# restore_flag GET QUERY PUT FLAG: puts a setting of yes or no back.
restore_flag() {
  case $(eval "command aws $service $1 $target" '--query "$2" --output text' 2>/dev/null) in
    True) note_undo "aws $service $3 --$4$target" ;;
    False) note_undo "aws $service $3 --no-$4$target" ;;
    *) no_undo ;;
  esac
}

# keep GET QUERY: what was there, as a comment.
keep() {
  old=$(eval "command aws $service $1 $target" '--query "$2" --output text' 2>/dev/null) || old='not readable'
  note_undo "# by hand: before $service $operation$target it was
$(printf '%s\n' "$old" | sed 's/^/#   /')"
}

no_undo() {
  note_undo "# by hand: $service $operation$target"
}

# note_undo TEXT: the last change is undone first.
note_undo() {
  if [ -f "$undo" ]; then rest=$(sed 1,4d "$undo"); else rest=''; fi
  {
    printf '%s\n' '#!/bin/sh' '# Puts back what was there, the last change first. Read it before you run it.' \
      '# shellcheck disable=SC2016' "export AWS_PAGER=''" "$1"
    if [ -n "$rest" ]; then printf '%s\n' "$rest"; fi
  } >"$undo.partial" && mv "$undo.partial" "$undo"
}

# run FUNCTION ACCOUNT TITLE: one fix; a failed one is listed at the end and the others go on.
run() {
  if [ "$2" != "$account" ]; then
    printf 'skipped, of account %s: %s\n' "$2" "$3" >&2
    return 0
  fi
  printf '%s\n' "$3"
  (
    set -e
    "$1"
  )
  outcome=$?
  if [ "$outcome" -ne 0 ]; then
    failed="$failed
  $3"
  else
    done_count=$((done_count + 1))
  fi
  return "$outcome"
}

# finish: what was done, and what was not.
finish() {
  if [ -n "$dry_run" ]; then
    printf '%s fixes printed, none applied.\n' "$done_count"
  else
    printf '%s fixes applied.\n' "$done_count"
    if [ -f "$undo" ]; then printf 'To undo them: sh %s\n' "$(quote "$undo")"; fi
  fi
  if [ -n "$failed" ]; then
    printf 'Failed:%s\n' "$failed" >&2
    exit 1
  fi
}
