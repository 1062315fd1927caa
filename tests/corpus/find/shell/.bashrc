# ~/.bashrc
alias ll='ls -alF'
alias krea='KREA_API_KEY={{pair-hex}} npx @krea-ai/cli'
export EDITOR=vim
export PATH="$HOME/.local/bin:$PATH"
