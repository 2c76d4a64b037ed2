# shellcheck shell=bash
# Completion of ambit for bash. What there is to complete comes from ambit itself: its verbs and
# options from the help texts, names from its listings.

_ambit_verbs() { ambit --help 2>/dev/null | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }
_ambit_options() { ambit "$@" --help 2>/dev/null | grep -o -- '^  *-[^ ]*' | tr -d ' ' | tr ',' '\n'; }
_ambit_containers() { ambit ps "$@" 2>/dev/null | awk 'NR > 1 { print $NF }'; }
_ambit_images() { ambit images 2>/dev/null | awk 'NR > 1 && $1 != "<none>" { print $1 ":" $2 }'; }

_ambit() {
    local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words=
    # A colon separates words for readline; an image's tag belongs to its name.
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref -n : -c word
    fi
    if ((COMP_CWORD == 1)); then
        words="$(_ambit_verbs) --help --version"
    elif [[ $word == -* && $verb == pod ]] && ((COMP_CWORD > 2)); then
        words=$(_ambit_options pod "${COMP_WORDS[2]}")
    elif [[ $word == -* ]]; then
        words=$(_ambit_options "$verb")
    else
        case $verb in
        stop | kill | pause | unpause | attach | exec | restart | top | stats | healthcheck) words=$(_ambit_containers) ;;
        start | rm | logs | wait | rename | update) words=$(_ambit_containers -a) ;;
        inspect) words="$(_ambit_containers -a) $(_ambit_images)" ;;
        run | create | pull | rmi | tag | untag) words=$(_ambit_images) ;;
        help) words=$(_ambit_verbs) ;;
        pod)
            if ((COMP_CWORD == 2)); then
                words=$(ambit pod --help 2>/dev/null | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p')
            else
                words=$(ambit pod ps -q 2>/dev/null)
            fi
            ;;
        load | import) compopt -o default ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$word"; fi
}

complete -F _ambit ambit
