#!/usr/bin/env bash
# Checks IMAGE for action.yml: writes the report to the job's log and summary, sets verdict and numbers as outputs, and posts the
# report on the pull request if there is a token.
set -euo pipefail

# Escapes a value for a workflow command.
escaped() {
    local value=${1//%/%25}
    value=${value//$'\r'/%0D}
    printf '%s' "${value//$'\n'/%0A}"
}
notice() { printf '::%s title=dive::%s\n' "$1" "$(escaped "$2")"; }

[ -n "$IMAGE" ] || { notice error 'the input image is empty'; exit 2; }
[ -z "${IMAGE_OF_DIVE:-}" ] || notice notice 'dive-image-registry and dive-image-version have no effect: this action uses no image of dive'

arguments=(--ci)
if [ -n "${RULES_FILE:-}" ]; then
    arguments+=(--ci-config "$RULES_FILE")
elif [ ! -e .dive-ci ] && grep -qs '^rules:' .dive.yaml; then
    # The default of other actions.
    arguments+=(--ci-config .dive.yaml)
fi
[ -z "${LOWEST_EFFICIENCY:-}" ] || arguments+=("--lowestEfficiency=$LOWEST_EFFICIENCY")
[ -z "${HIGHEST_WASTED_BYTES:-}" ] || arguments+=("--highestWastedBytes=$HIGHEST_WASTED_BYTES")
[ -z "${HIGHEST_USER_WASTED_PERCENT:-}" ] || arguments+=("--highestUserWastedPercent=$HIGHEST_USER_WASTED_PERCENT")

report=$(mktemp "$RUNNER_TEMP/dive-report.XXXXXX")
errors=$(mktemp "$RUNNER_TEMP/dive-errors.XXXXXX")
# File names from the image could contain runner commands. The runner ignores commands until it reads the secret token.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$token"
set +e
"$DIVE" "${arguments[@]}" -- "$IMAGE" 2>"$errors" | tee "$report"
code=${PIPESTATUS[0]}
cat "$errors" >&2
set -e
echo "::$token::"

case $code in
    0) verdict=pass ;;
    1) verdict=fail ;;
    *) verdict=error ;;
esac
# The last match, since the compatible part ends the report.
number() { sed -n "s/^  $1: \([0-9.]*\).*/\1/p" "$report" | tail -n 1; }
{
    echo "verdict=$verdict"
    echo "efficiency=$(number efficiency)"
    echo "wasted-bytes=$(number wastedBytes)"
    echo "user-wasted-percent=$(number userWastedPercent)"
    echo "report=$report"
} >>"$GITHUB_OUTPUT"

# `page LENGTH`: the report as Markdown. No line of a report consists of tildes, so it cannot end the block.
page() {
    printf '### dive: %s\n\n' "$verdict"
    [ "${FOLD_COMMENT:-}" != true ] || printf '<details><summary>Report</summary>\n\n'
    # Without a report, the reason.
    local reason=/dev/null
    if [ "$verdict" = error ]; then reason=$errors; fi
    printf '~~~~text\n%s\n~~~~\n' "$(cat "$report" "$reason" | head -c "$1")"
    [ "${FOLD_COMMENT:-}" != true ] || printf '\n</details>\n'
}
# GitHub's limits are 1 MiB for a summary and 65,536 characters for a comment.
page 1000000 >>"$GITHUB_STEP_SUMMARY"

comment() {
    local number
    number=$(jq -r '.pull_request.number // empty' "$GITHUB_EVENT_PATH")
    [ -n "$number" ] || return 0
    if ! command -v gh >/dev/null; then
        notice warning 'cannot comment on the pull request: gh is not installed on this runner'
        return 0
    fi
    page 60000 | gh pr comment "$number" --repo "$GITHUB_REPOSITORY" --body-file - ||
        notice warning 'cannot comment on the pull request; give the job the permission pull-requests: write'
}
if [ -n "${GH_TOKEN:-}" ] && { [ "$verdict" = fail ] || [ "${ALWAYS_COMMENT:-}" = true ]; }; then comment; fi

if [ "$verdict" = fail ]; then
    level=error
    if [ "${EXIT_ZERO:-}" = true ]; then level=warning code=0; fi
    # The rules that failed, from the compatible part.
    notice "$level" "$IMAGE: $(sed -n 's/^  FAIL: //p' "$report" | paste -s -d ';' -)"
elif [ "$verdict" = error ]; then
    notice error "$IMAGE could not be checked: the log says why"
fi
exit "$code"
